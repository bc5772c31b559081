"""What the service waits for is told by /readyz, and waited for as long as it takes."""

import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from time import monotonic, sleep

import pytest
from httpx import Client

from translation.registry import Registry
from translation.sampler import Sampler

Serve = Callable[..., AbstractContextManager[Client]]
URL = "/v1/translations?to=zebra&seed=7"
JPEG = {"Content-Type": "image/jpeg"}


def eventually(happens: Callable[[], bool], within_s: float = 20) -> None:
    due = monotonic() + within_s
    while not happens():
        assert monotonic() < due
        sleep(0.01)


def test_a_model_that_is_published_later_makes_the_service_ready(
    serve: Serve, tiny_bundle: Path, tmp_path: Path, photograph: bytes
) -> None:
    with serve(warm=False, weights_dir=tmp_path) as client:
        refused = client.post(URL, content=photograph, headers=JPEG)
        assert (refused.status_code, refused.json()["type"]) == (503, "not-ready")
        assert int(refused.headers["Retry-After"]) >= 1
        assert client.get("/readyz").status_code == 503
        assert client.get("/livez").status_code == 200
        assert "No model yet" in client.get("/").text
        shutil.copytree(tiny_bundle, tmp_path / "later")
        eventually(lambda: client.get("/readyz").status_code == 200)
        assert client.post(URL, content=photograph, headers=JPEG).headers["SJMVI-Model"] == "later"


def test_a_broken_model_is_unavailable_and_the_others_serve(
    serve: Serve, tiny_bundle: Path, tmp_path: Path, photograph: bytes
) -> None:
    for name in ("broken", "whole"):
        shutil.copytree(tiny_bundle, tmp_path / name)
    next((tmp_path / "broken").glob("*.safetensors")).write_bytes(b"")
    with serve(weights_dir=tmp_path) as client:
        assert client.post(URL, content=photograph, headers=JPEG).headers["SJMVI-Model"] == "whole"
        refused = client.post(f"{URL}&model=broken", content=photograph, headers=JPEG)
        assert (refused.status_code, refused.json()["type"]) == (503, "not-ready")
        assert str(tmp_path) not in refused.text


class Unforeseen(Exception):
    """Of no kind that the engine knows."""


def test_a_model_with_a_fault_of_an_unforeseen_kind_is_told_of_and_can_be_mended(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: Sampler) -> None:
        raise Unforeseen("a secret of the inside")

    monkeypatch.setattr(Sampler, "warm_up", fail)
    with serve(warm=False) as client:
        eventually(lambda: "what is wrong with tiny" in client.get("/readyz").text)
        assert client.get("/readyz").status_code == 503
        assert "secret" not in client.get("/readyz").text
        (record,) = (record for record in caplog.records if record.name == "app.engine")
        assert record.exc_info
        assert record.exc_info[0] is Unforeseen
        monkeypatch.undo()
        eventually(lambda: client.get("/readyz").status_code == 200)


def test_a_fault_of_an_unforeseen_kind_in_one_model_lets_the_others_serve(
    serve: Serve, tiny_bundle: Path, tmp_path: Path, photograph: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail_first(sampler: Sampler) -> None:
        monkeypatch.undo()
        raise Unforeseen

    for name in ("broken", "whole"):
        shutil.copytree(tiny_bundle, tmp_path / name)
    monkeypatch.setattr(Sampler, "warm_up", fail_first)
    with serve(weights_dir=tmp_path) as client:
        assert client.post(URL, content=photograph, headers=JPEG).headers["SJMVI-Model"] == "whole"


def test_models_that_cannot_be_looked_for_are_told_of_and_looked_for_again(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: Registry) -> None:
        raise Unforeseen

    monkeypatch.setattr(Registry, "names", fail)
    with serve(warm=False) as client:
        eventually(lambda: "its models to be found" in client.get("/readyz").text)
        assert "Unforeseen" in caplog.text
        monkeypatch.undo()
        eventually(lambda: client.get("/readyz").status_code == 200)
