"""The device runs out of memory, hangs, or is lost: somebody is told, and the service goes on."""

import shutil
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from io import BytesIO
from pathlib import Path
from time import monotonic, sleep
from typing import Protocol

import faulty_network
import pytest
from httpx import Client

from translation.card import CARD

Serve = Callable[..., AbstractContextManager[Client]]
Spoil = Callable[..., None]
URL = "/v1/translations?to=zebra&seed=7"
JPEG = {"Content-Type": "image/jpeg"}


class Gate(Protocol):
    batches: list[list[int]]

    def wait_for(self, entered: int) -> None: ...

    def open(self) -> None: ...


def until_ready(client: Client) -> set[str]:
    """What it waited for meanwhile."""
    due, reasons = monotonic() + 100, set[str]()
    while (answer := client.get("/readyz")).status_code != 200:
        assert monotonic() < due
        reasons.update(answer.json()["reasons"])
        sleep(0.002)
    return reasons


def until_waiting(client: Client, count: int) -> None:
    due = monotonic() + 100
    while f"sjmvi_queue_depth {count}.0" not in client.get("/metrics").text:
        assert monotonic() < due
        sleep(0.01)


def samples(client: Client, picture: bytes, count: int) -> tuple[str, list[bytes]]:
    """The padded size of their batches, and the pictures."""
    answer = client.post(f"{URL}&samples={count}", content=picture, headers=JPEG)
    assert answer.status_code == 200, answer.text
    archive = zipfile.ZipFile(BytesIO(answer.content))
    return answer.headers["SJMVI-Padded-Batch"], [archive.read(name) for name in archive.namelist()]


def test_a_batch_that_does_not_fit_is_drawn_in_halves_and_the_receipt_says_so(
    serve: Serve, client: Client, spoil: Spoil, photograph: bytes
) -> None:
    spoil(faulty_network.short_of_memory, 2)
    with serve() as short:
        padded, pictures = samples(short, photograph, 11)
        assert (padded, len(pictures)) == ("2", 11)
        assert pictures[:2] == samples(client, photograph, 2)[1]
        assert short.get("/readyz").status_code == 200


def test_requests_that_do_not_fit_together_are_drawn_apart(
    serve: Serve, spoil: Spoil, gate: Gate, senders: ThreadPoolExecutor, tmp_path: Path, photograph: bytes
) -> None:
    spoil(faulty_network.gated_and_short_of_memory, tmp_path, 1)

    def post(seed: int) -> tuple[int, str]:
        answer = client.post(f"/v1/translations?to=zebra&seed={seed}", content=photograph, headers=JPEG)
        return answer.status_code, answer.headers["SJMVI-Padded-Batch"]

    with serve() as client:
        first = senders.submit(post, 0)
        gate.wait_for(entered=1)
        others = [senders.submit(post, seed) for seed in range(1, 5)]
        until_waiting(client, 4)
        gate.open()
        assert [answer.result() for answer in (first, *others)] == [(200, "1")] * 5
        assert [size for size, *_ in gate.batches] == [1, 4, 2, 1, 1, 2, 1, 1]


def test_what_does_not_fit_alone_is_a_reason_to_come_again(
    serve: Serve, spoil: Spoil, photograph: bytes
) -> None:
    spoil(faulty_network.short_of_memory, 0)
    with serve() as client:
        refused = client.post(URL, content=photograph, headers=JPEG)
        assert (refused.status_code, refused.json()["type"]) == (503, "out-of-memory")
        assert int(refused.headers["Retry-After"]) >= 1
        assert "GPU 0" not in refused.text
        assert client.get("/readyz").status_code == 200


@pytest.mark.parametrize("fault", [faulty_network.lost_once, faulty_network.killed_once])
def test_a_device_that_is_lost_is_started_again_and_nobody_is_sent_there_meanwhile(
    serve: Serve, spoil: Spoil, tmp_path: Path, photograph: bytes, fault: Callable[..., None]
) -> None:
    spoil(fault, tmp_path)
    with serve() as client:
        refused = client.post(URL, content=photograph, headers=JPEG)
        assert (refused.status_code, refused.json()["type"]) == (503, "not-ready")
        assert "CUDA" not in refused.text
        assert any("device, which was lost" in reason for reason in until_ready(client))
        assert client.post(URL, content=photograph, headers=JPEG).status_code == 200


def test_a_network_that_hangs_is_given_up_and_another_one_works(
    serve: Serve, spoil: Spoil, tmp_path: Path, photograph: bytes
) -> None:
    spoil(faulty_network.hung_once, tmp_path)
    with serve(max_batch_s=2) as client:
        late = client.post(URL, content=photograph, headers=JPEG)
        assert (late.status_code, late.json()["type"], late.json()["limit"]) == (504, "network-hung", 2)
        until_ready(client)
        assert client.post(URL, content=photograph, headers=JPEG).status_code == 200


def test_an_error_of_our_own_tells_nothing_of_the_inside(
    serve: Serve, spoil: Spoil, photograph: bytes
) -> None:
    spoil(faulty_network.wrong)
    with serve() as client:
        for _ in range(2):  # the network goes on
            answer = client.post(URL, content=photograph, headers={**JPEG, "Connection": "close"})
            assert (answer.status_code, answer.json()["type"]) == (500, "internal-error")
            assert "secret" not in answer.text
            assert answer.headers["SJMVI-Request-Id"] == answer.json()["instance"]
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert client.get("/readyz").status_code == 200


def test_of_more_models_than_there_is_memory_for_the_least_recently_used_goes(
    serve: Serve, tiny_bundle: Path, tmp_path: Path, photograph: bytes
) -> None:
    for name in ("a", "b", "c"):
        card = shutil.copytree(tiny_bundle, tmp_path / name) / CARD
        card.write_text(card.read_text().replace("Apache-2.0", name))
    size_bytes = sum(file.stat().st_size for file in tiny_bundle.glob("*.safetensors"))

    def use(name: str) -> str:
        """Who is on the device then."""
        answer = client.post(f"{URL}&model={name}", content=photograph, headers=JPEG)
        assert (answer.status_code, answer.headers["SJMVI-Model"]) == (200, name)
        text = client.get("/metrics").text
        return "".join(name for name in "abc" if 'model_info{digest="' in text and f'model="{name}"' in text)

    with serve(weights_dir=tmp_path, max_models_bytes=2 * size_bytes) as client:
        assert [use(name) for name in "abacb"] == ["a", "ab", "ab", "ac", "bc"]
