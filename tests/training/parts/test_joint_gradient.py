"""A batch in parts, one after another or in several processes, gives the gradients of the whole."""

import os
import runpy
import socket
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch

from training.config import BadRecipe
from training.distributed import Processes, joined
from training.random_state import rng_state

PROGRAM = Path(__file__).with_name("joint_step.py")
JOINT = runpy.run_path(str(PROGRAM))
CASES, step = JOINT["CASES"], JOINT["step"]

each_case = pytest.mark.parametrize("case", CASES)


def assert_same_step(parts: dict[str, Any], whole: dict[str, Any]) -> None:
    torch.testing.assert_close(parts["gradients"], whole["gradients"], rtol=1e-4, atol=1e-6)
    spreads = {"code_spread_latent", "code_spread_observed"}  # those of the parts are averaged
    joint, expected = (
        {name: value for name, value in found["scalars"].items() if name not in spreads}
        for found in (parts, whole)
    )
    assert joint == pytest.approx(expected, rel=1e-4, abs=1e-6)
    assert whole["skipped"] == parts["skipped"] == 0


@cache
def whole(case: str) -> dict[str, Any]:
    found: dict[str, Any] = step(*(each for each in CASES[case] if "micro_batch" not in each))
    return found


@each_case
def test_a_batch_that_is_held_in_parts_has_the_gradients_of_the_whole(case: str) -> None:
    assert_same_step(step("training.micro_batch=3", *CASES[case]), whole(case))


@pytest.fixture(scope="module")
def in_two_processes(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What each of them found, by case."""
    out = tmp_path_factory.mktemp("ranks")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    common = {**os.environ, "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    ranks = [
        subprocess.Popen([sys.executable, PROGRAM, out], env={**common, "RANK": rank}) for rank in ("0", "1")
    ]
    assert [rank.wait(120) for rank in ranks] == [0, 0]
    return [torch.load(out / f"{rank}.pt") for rank in (0, 1)]


@each_case
def test_two_processes_have_the_gradients_of_one_with_the_whole_batch(
    case: str, in_two_processes: list[dict[str, Any]]
) -> None:
    first, second = (found[case] for found in in_two_processes)
    torch.testing.assert_close(first, second, rtol=0, atol=0)  # else they would drift apart
    assert_same_step(first, whole(case))


def test_processes_take_every_pair_of_a_batch_once() -> None:
    for size in (4, 5, 7):
        parts = [list(range(size))[Processes(rank, 3).part] for rank in range(3)]
        assert sorted(sum(parts, [])) == list(range(size))
        assert max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.fixture
def random_state() -> Iterator[None]:
    with torch.random.fork_rng():
        yield


@pytest.mark.usefixtures("random_state")
class TestDraws:
    def test_of_several_processes_differ_and_depend_on_the_step_alone(self) -> None:
        def drawn(rank: int, step: int) -> float:
            Processes(rank, 2).seed(7, step)
            return float(torch.rand(()))

        first = [drawn(rank, step) for rank in (0, 1) for step in (0, 1)]
        assert len(set(first)) == 4
        assert [drawn(rank, step) for rank in (0, 1) for step in (0, 1)] == first

    def test_of_one_alone_go_on(self) -> None:
        before = rng_state()
        Processes().seed(7, 0)
        assert torch.equal(rng_state()["cpu"], before["cpu"])


def test_a_batch_with_no_pair_for_a_process_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "3")
    with pytest.raises(BadRecipe, match="batch_size is 2: 3 processes need a pair each"), joined("cpu", 2):
        pytest.fail("joined")
