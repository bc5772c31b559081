"""What becomes of translations whose model changes while they wait for the network."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from time import monotonic, sleep
from typing import Protocol

import pytest
from httpx import Client, Response

from translation.card import CARD
from translation.registry import Registry

Serve = Callable[..., AbstractContextManager[Client]]


class Gate(Protocol):
    def wait_for(self, entered: int) -> None: ...

    def open(self) -> None: ...


def until_waiting(client: Client, count: int) -> None:
    due = monotonic() + 100
    while f"sjmvi_queue_depth {count}.0" not in client.get("/metrics").text:
        assert monotonic() < due
        sleep(0.01)


def delete(client: Client, folder: Path) -> None:
    assert client.delete("/v1/models/mine").status_code == 204


def replace(client: Client, folder: Path) -> None:
    """In its place, as a calibration does."""
    card = folder / CARD
    card.write_text(card.read_text().replace("Apache-2.0", "MIT"))


@pytest.mark.parametrize(("change", "status"), [(delete, 404), (replace, 200)])
def test_a_model_is_as_it_is_found_at_last(
    serve: Serve,
    gate: Gate,
    senders: ThreadPoolExecutor,
    retrained: Path,
    tmp_path: Path,
    photograph: bytes,
    change: Callable[[Client, Path], None],
    status: int,
) -> None:
    def post(model: str) -> Response:
        url = f"/v1/translations?to=zebra&seed=7&model={model}"
        return client.post(url, content=photograph, headers={"Content-Type": "image/jpeg"})

    with serve(data_dir=tmp_path, max_models_bytes=1) as client:  # one model at a time
        registry = Registry(tmp_path / "none", tmp_path / "models")
        registry.add(retrained, "mine")
        first = senders.submit(post, "tiny")
        gate.wait_for(entered=1)
        waiting = senders.submit(post, "mine")
        until_waiting(client, 1)
        change(client, registry.folder("mine"))
        gate.open()
        assert first.result().status_code == 200
        assert waiting.result().status_code == status
        assert status == 200 or waiting.result().json()["type"] == "unknown-model"
