"""Gates and faults where the network is, in a process of its own, and clients that send at the same time."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import monotonic, sleep

import faulty_network
import pytest

from app.engine import network

Spoil = Callable[..., None]


@pytest.fixture
def spoil(monkeypatch: pytest.MonkeyPatch) -> Spoil:
    """Services that are started from now on have a faulty_network, with these arguments of its own."""

    def spoiled(fault: Callable[..., None], *arguments: object) -> None:
        monkeypatch.setattr(network, "run", partial(fault, *arguments))

    return spoiled


@dataclass
class Gate:
    """Before every network: it writes down who comes, and lets nobody pass until it is opened."""

    folder: Path

    @property
    def batches(self) -> list[list[int]]:
        """Of each that came: its padded size, and then the seeds of its samples."""
        file = self.folder / faulty_network.ENTERED
        lines = file.read_text().splitlines() if file.exists() else []
        return [[int(number) for number in line.split()] for line in lines]

    def wait_for(self, entered: int) -> None:
        due = monotonic() + 100
        while len(self.batches) < entered:
            assert monotonic() < due
            sleep(0.01)

    def open(self) -> None:
        (self.folder / faulty_network.OPENED).touch()


@pytest.fixture
def gate(spoil: Spoil, tmp_path: Path) -> Iterator[Gate]:
    spoil(faulty_network.gated, tmp_path)
    gate = Gate(tmp_path)
    yield gate
    gate.open()


@pytest.fixture
def senders() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(64) as senders:
        yield senders
