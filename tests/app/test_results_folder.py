"""The folder of the results: never half a file, and a full disk harms nothing."""

import asyncio
import errno
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

import pytest

from app import results as results_module
from app.results import CannotStore, OutOfSpace, Result, Results, UnknownResult
from app.retention import Limits, Retention
from translation import durable

PNG = "image/png"


def make(folder: Path, max_bytes: int = 1000) -> Results:
    return Results(folder, Retention(Limits(max_bytes, max_age_s=3600)))


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def put(results: Results, *pictures: bytes) -> list[Result]:
    return results.put([(picture, PNG) for picture in pictures])


def read(results: Results, digest: str) -> bytes:
    with results.reading(digest) as result:
        return result.path.read_bytes()


def test_a_picture_lies_under_its_digest_and_once(tmp_path: Path) -> None:
    results = make(tmp_path)
    digest = sha256(b"picture").hexdigest()
    first, second = put(results, b"picture", b"picture")
    assert first == second == Result(digest, PNG, tmp_path / digest[:2] / digest[2:4] / f"{digest}.png")
    assert put(results, b"picture") == [first]
    assert files(tmp_path) == [first.path]
    assert read(results, digest) == b"picture"


def test_what_is_being_read_does_not_go_for_what_is_new(tmp_path: Path) -> None:
    results = make(tmp_path, max_bytes=10)
    (old,) = put(results, b"12345678")
    with results.reading(old.digest) as result:
        (new,) = put(results, b"abcdefgh")
        assert result.path.read_bytes() == b"12345678"
    put(results, b"ABCDEFGH")
    for gone in (old, new):
        with pytest.raises(UnknownResult):
            read(results, gone.digest)


def test_a_sample_that_is_there_already_does_not_go_for_its_neighbour(tmp_path: Path) -> None:
    results = make(tmp_path, max_bytes=20)
    put(results, b"first 10 b")
    put(results, b"other 10 b")
    pair = put(results, b"third 10 b", b"first 10 b")
    assert [read(results, each.digest) for each in pair] == [b"third 10 b", b"first 10 b"]


def test_what_is_too_old_goes_though_nothing_is_added(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results_module, "SWEEP_S", 0.001)
    now = [1_000_000.0]
    results = Results(tmp_path, Retention(Limits(max_bytes=1000, max_age_s=60), now=lambda: now[0]))

    async def wait() -> None:
        async with results.kept(), asyncio.timeout(60):
            await asyncio.to_thread(put, results, b"picture")
            now[0] += 61
            while files(tmp_path):
                await asyncio.sleep(0.01)

    asyncio.run(wait())


@contextmanager
def full(path: Path) -> Iterator[BinaryIO]:
    raise OSError(errno.ENOSPC, "No space left on device", str(path))
    yield


def test_a_full_disk_is_told_apart_and_the_old_results_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    results = make(tmp_path)
    (old,) = put(results, b"old")
    with monkeypatch.context() as broken:
        broken.setattr(durable, "replacing", full)
        with pytest.raises(OutOfSpace, match="no room left") as refused:
            put(results, b"new")
    assert str(tmp_path) not in str(refused.value)
    assert str(tmp_path) in caplog.text
    assert read(results, old.digest) == b"old"
    assert [read(results, each.digest) for each in put(results, b"new")] == [b"new"]


def test_more_than_the_budget_is_refused_and_nothing_goes_for_it(tmp_path: Path) -> None:
    results = make(tmp_path, max_bytes=10)
    (old,) = put(results, b"old")
    with pytest.raises(CannotStore, match="12 bytes exceed the 10"):
        put(results, b"123456", b"abcdef")
    assert read(results, old.digest) == b"old"


def test_a_start_clears_what_a_crash_left_and_touches_nothing_else(tmp_path: Path) -> None:
    (kept,) = put(make(tmp_path), b"kept")
    partial = kept.path.with_name(f".{kept.path.name}.0123abcd.part")
    fresh = kept.path.with_name(f".{kept.path.name}.4567abcd.part")
    note = kept.path.with_name("note.txt")
    for path in (partial, fresh, note):
        path.write_bytes(b"half")
        os.utime(path, (0, 0) if path is not fresh else None)
    make(tmp_path).clean()
    assert {*files(tmp_path)} == {kept.path, fresh, note}


def test_a_start_keeps_the_budget(tmp_path: Path) -> None:
    for index in range(5):
        put(make(tmp_path), bytes([index]) * 10)
    make(tmp_path, max_bytes=20).clean()
    assert len(files(tmp_path)) == 2


def test_a_folder_that_cannot_be_read_is_logged_and_no_more(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(make(tmp_path), b"picture")
    monkeypatch.setattr(Retention, "adopt", lambda *_: (_ for _ in ()).throw(PermissionError("no")))
    with caplog.at_level(logging.ERROR):
        make(tmp_path).clean()
    assert "the results of earlier days: no" in caplog.text
