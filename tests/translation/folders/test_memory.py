"""What a folder takes of memory, and what becomes of a picture for which there is too little of it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from translation.ahead import LOOK_AHEAD
from translation.codec import Picture
from translation.folders import translate_folder
from translation.translator import TranslationRequest, Translator

ZEBRA = TranslationRequest("zebra", seed=7)


def too_much_for_a_device() -> None:
    raise torch.OutOfMemoryError


def too_much_for_torch() -> None:
    torch.empty(2**56, dtype=torch.uint8)


def too_much_for_python() -> None:
    bytearray(2**56)


@pytest.mark.parametrize("too_much", [too_much_for_a_device, too_much_for_torch, too_much_for_python])
@pytest.mark.parametrize("stage", ["decode", "sample", "encode"])
def test_a_picture_for_which_there_is_too_little_memory_does_not_keep_the_others(
    stage: str,
    too_much: Callable[[], None],
    translator: Translator,
    photos: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    work = getattr(translator, stage)

    def png_fails(given: bytes | Picture, *others: object) -> object:
        if given.format == "PNG" if isinstance(given, Picture) else given.startswith(b"\x89PNG"):
            too_much()
        return work(given, *others)

    monkeypatch.setattr(translator, stage, png_fails)
    summary = translate_folder(translator, photos, tmp_path / "out", ZEBRA)
    assert (summary.translated, summary.failed) == (3, 4)
    lines = (tmp_path / "out" / "report.jsonl").read_text().splitlines()
    errors = {row["file"]: row["error"] for row in map(json.loads, lines)}
    found = {errors["a.png"], errors["named wrongly.jpg"]}
    assert found < {"OutOfMemoryError", "RuntimeError", "MemoryError"}


def test_any_other_fault_of_torch_ends_the_run(
    translator: Translator, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(translator, "sample", lambda *_: torch.ones(2) @ torch.ones(3))
    with pytest.raises(RuntimeError, match="inconsistent tensor size"):
        translate_folder(translator, photos, tmp_path / "out", ZEBRA)


def test_few_pictures_are_in_memory_and_the_next_is_read_before_it_is_needed(
    translator: Translator, photos: Path, photograph: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for index in range(40):
        (photos / f"{index:02}.jpg").write_bytes(photograph)
    decode_one, read = translator.decode, []
    monkeypatch.setattr(translator, "decode", lambda *given: read.append(1) or decode_one(*given))
    ahead: list[int] = []
    translate_folder(
        translator, photos, tmp_path / "out", ZEBRA, lambda done, total, row: ahead.append(len(read) - done)
    )
    assert 2 <= max(ahead) <= 2 * LOOK_AHEAD + 2
