"""What the service waits for is told by /readyz, and waited for as long as it takes."""

import errno
import os
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from time import monotonic, sleep

import faulty_network
import pytest
from httpx import Client

from app.engine import follower, readiness
from translation.card import CARD
from translation.registry import Registry

Serve = Callable[..., AbstractContextManager[Client]]
Spoil = Callable[..., None]
URL = "/v1/translations?to=zebra&seed=7"
JPEG = {"Content-Type": "image/jpeg"}


def eventually(happens: Callable[[], bool], within_s: float = 100) -> None:
    due = monotonic() + within_s
    while not happens():
        assert monotonic() < due
        sleep(0.01)


def translated(client: Client, picture: bytes) -> str | None:
    """By which model, if by any."""
    answer = client.post(URL, content=picture, headers=JPEG)
    assert answer.status_code in (200, 404, 503), answer.text
    return answer.headers.get("SJMVI-Model")


def copy_models(bundle: Path, weights_dir: Path) -> None:
    """Two, not one by two names: their digests differ."""
    for name in ("broken", "whole"):
        card = shutil.copytree(bundle, weights_dir / name) / CARD
        card.write_text(card.read_text().replace("Apache-2.0", name))


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


def test_another_model_takes_the_place_of_one_that_was_deleted(
    serve: Serve, tiny_bundle: Path, tmp_path: Path, photograph: bytes
) -> None:
    copy_models(tiny_bundle, tmp_path / "made")
    with serve(data_dir=tmp_path, weights_dir=tmp_path / "none", warm=False) as client:
        for name, of in (("first", "whole"), ("second", "broken")):  # neither is broken
            Registry(tmp_path / "none", tmp_path / "models").add(tmp_path / "made" / of, name)
        eventually(lambda: translated(client, photograph) == "first")
        assert client.delete("/v1/models/first").status_code == 204
        eventually(lambda: translated(client, photograph) == "second")
        assert client.delete("/v1/models/second").status_code == 204
        eventually(lambda: client.get("/readyz").status_code == 503)
        refused = client.post(URL, content=photograph, headers=JPEG)
        assert (refused.status_code, refused.json()["type"]) == (503, "not-ready")


def test_a_version_that_is_taken_into_use_elsewhere_is_warm_before_it_is_asked_for(
    serve: Serve, tiny_bundle: Path, tmp_path: Path
) -> None:
    copy_models(tiny_bundle, tmp_path / "made")
    with serve(data_dir=tmp_path) as client:
        assert 'model="mine"' not in client.get("/metrics").text
        Registry(tiny_bundle.parent, tmp_path / "models").add(tmp_path / "made" / "whole", "mine")
        eventually(lambda: 'model="mine"' in client.get("/metrics").text)
        assert client.get("/readyz").status_code == 200


def test_a_device_that_is_lost_by_a_version_that_is_warmed_up_makes_the_service_unready(
    serve: Serve, spoil: Spoil, tiny_bundle: Path, tmp_path: Path
) -> None:
    copy_models(tiny_bundle, tmp_path / "made")
    spoil(faulty_network.lost_at_warm_up, tmp_path)
    with serve(data_dir=tmp_path) as client:
        (tmp_path / faulty_network.ASKED_FOR).touch()
        Registry(tiny_bundle.parent, tmp_path / "models").add(tmp_path / "made" / "whole", "mine")
        eventually(lambda: "device, which was lost" in client.get("/readyz").text)
        eventually(lambda: client.get("/readyz").status_code == 200)


def test_a_broken_model_is_unavailable_and_the_others_serve(
    serve: Serve, tiny_bundle: Path, tmp_path: Path, photograph: bytes
) -> None:
    copy_models(tiny_bundle, tmp_path)
    next((tmp_path / "broken").glob("*.safetensors")).write_bytes(b"")
    with serve(weights_dir=tmp_path) as client:
        assert client.post(URL, content=photograph, headers=JPEG).headers["SJMVI-Model"] == "whole"
        refused = client.post(f"{URL}&model=broken", content=photograph, headers=JPEG)
        assert "Retry-After" not in refused.headers  # it is for somebody to mend
        assert (refused.status_code, refused.json()["type"]) == (503, "not-ready")
        assert str(tmp_path) not in refused.text


class Unforeseen(Exception):
    """Of no kind that the engine knows."""


def test_a_model_with_a_fault_of_an_unforeseen_kind_is_told_of_and_can_be_mended(
    serve: Serve, spoil: Spoil, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    spoil(faulty_network.cold, tmp_path, 1)
    with serve(warm=False) as client:
        eventually(lambda: "what is wrong with tiny" in client.get("/readyz").text)
        assert client.get("/readyz").status_code == 503
        assert "secret" not in client.get("/readyz").text
        (record,) = (record for record in caplog.records if record.name == "app.engine.readiness")
        assert "ZeroDivisionError: a secret of the inside" in record.message
        eventually(lambda: client.get("/readyz").status_code == 200)


def test_a_fault_of_an_unforeseen_kind_in_one_model_lets_the_others_serve(
    serve: Serve, spoil: Spoil, tiny_bundle: Path, tmp_path: Path, photograph: bytes
) -> None:
    weights = tmp_path / "weights"
    copy_models(tiny_bundle, weights)
    spoil(faulty_network.cold, tmp_path, 1)
    with serve(weights_dir=weights) as client:
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


def test_models_that_cannot_be_looked_for_while_one_is_warm_are_looked_for_again(
    serve: Serve,
    tiny_bundle: Path,
    tmp_path: Path,
    photograph: bytes,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    looks: list[Registry] = []

    def fail(registry: Registry) -> None:
        looks.append(registry)
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    def told() -> list[str]:
        return sorted(record.name for record in caplog.records if "Too many open files" in record.message)

    monkeypatch.setattr(readiness, "LOOK_S", 0.01)
    monkeypatch.setattr(follower, "FOLLOW_S", 0.01)
    copy_models(tiny_bundle, tmp_path / "made")
    registry = Registry(tmp_path / "none", tmp_path / "models")
    registry.add(tmp_path / "made" / "whole", "first")
    with serve(data_dir=tmp_path, weights_dir=tmp_path / "none") as client:
        with monkeypatch.context() as broken:
            broken.setattr(Registry, "names", fail)
            eventually(lambda: {*told()} == {"app.engine.follower", "app.engine.readiness"})
            eventually(lambda: len(looks) > 100)
            assert len(told()) < len(looks) / 4  # once each, also by services that other tests left running
            assert client.get("/readyz").status_code == 200
        registry.add(tmp_path / "made" / "broken", "second")
        eventually(lambda: 'model="second"' in client.get("/metrics").text)
        before = told().count("app.engine.follower")
        with monkeypatch.context() as broken:
            broken.setattr(Registry, "names", fail)
            eventually(lambda: told().count("app.engine.follower") > before)  # it was well meanwhile
        registry.remove_model("first")
        eventually(lambda: translated(client, photograph) == "second")
