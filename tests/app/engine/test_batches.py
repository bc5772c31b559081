"""Requests at the same time: they share batches, and nobody can tell by the pictures."""

import zipfile
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from io import BytesIO
from time import monotonic, sleep
from typing import Protocol

import pytest
from httpx import Client
from PIL import Image, ImageChops

Serve = Callable[..., AbstractContextManager[Client]]


class Gate(Protocol):
    batches: list[list[int]]

    def wait_for(self, entered: int) -> None: ...

    def open(self) -> None: ...


@dataclass(frozen=True)
class Answered:
    status: int
    picture: bytes
    padded_batch: str | None
    retry_after: str | None


def post(client: Client, picture: bytes, seed: int, to: str = "zebra", samples: int = 1) -> Answered:
    query = {"to": to, "seed": seed, "samples": samples, "embed_metadata": False}
    headers = {"Content-Type": "image/jpeg"}
    answer = client.post("/v1/translations", params=query, content=picture, headers=headers)
    batch, retry = (answer.headers.get(name) for name in ("SJMVI-Padded-Batch", "Retry-After"))
    return Answered(answer.status_code, answer.content, batch, retry)


def until_waiting(client: Client, count: int) -> None:
    due = monotonic() + 100
    while f"sjmvi_queue_depth {count}.0" not in client.get("/metrics").text:
        assert monotonic() < due
        sleep(0.01)


def nearly_equal(one: bytes, other: bytes) -> bool:
    """No value differs by more than a grey level."""
    pictures = [Image.open(BytesIO(data)) for data in (one, other)]
    return max(most for _, most in ImageChops.difference(*pictures).getextrema()) <= 1


@pytest.fixture
def other_picture() -> bytes:
    buffer = BytesIO()
    Image.effect_noise((61, 43), 60).convert("RGB").save(buffer, "JPEG")
    return buffer.getvalue()


def test_batch_mates_change_no_byte_and_the_size_of_the_batch_hardly_any(
    serve: Serve,
    client: Client,
    gate: Gate,
    senders: ThreadPoolExecutor,
    photograph: bytes,
    other_picture: bytes,
) -> None:
    with serve() as gated:
        first = senders.submit(post, gated, photograph, 0)
        gate.wait_for(entered=1)
        mates = [senders.submit(post, gated, other_picture, seed) for seed in range(1, 8)]
        until_waiting(gated, 7)
        mine = senders.submit(post, gated, photograph, 8)
        until_waiting(gated, 8)
        gate.open()
        answered = [each.result() for each in (first, mine, *mates)]  # before their client is closed
        assert {answer.padded_batch for answer in answered[1:]} == {"8"}
        assert [(batch, sorted(seeds)) for batch, *seeds in gate.batches] == [(1, [0]), (8, [*range(1, 9)])]
    alone, eight = (post(client, photograph, 8, samples=samples) for samples in (1, 8))
    assert (alone.padded_batch, eight.padded_batch) == ("1", "8")
    with zipfile.ZipFile(BytesIO(eight.picture)) as archive:
        assert mine.result().picture == archive.read(archive.namelist()[0])
    assert nearly_equal(mine.result().picture, alone.picture)
    assert not nearly_equal(mine.result().picture, first.result().picture)  # of another seed


@pytest.mark.parametrize("max_queue", [16, 64])
def test_of_64_clients_at_once_each_gets_its_own_picture_or_is_told_to_come_again(
    serve: Serve, client: Client, senders: ThreadPoolExecutor, photograph: bytes, max_queue: int
) -> None:
    asked = [(seed, to) for seed in range(32) for to in ("horse", "zebra")]
    with serve(max_queue=max_queue) as busy:
        answers = list(senders.map(lambda one: post(busy, photograph, *one), asked))
        assert busy.get("/readyz").status_code == 200
    statuses = Counter(answer.status for answer in answers)
    assert set(statuses) <= {200, 429}
    assert statuses[200] >= max_queue
    for (seed, to), answer in zip(asked, answers, strict=True):
        if answer.status == 429:
            assert int(answer.retry_after or 0) >= 1
        elif seed < 4 or answer.padded_batch == "1":
            assert nearly_equal(answer.picture, post(client, photograph, seed, to).picture)
