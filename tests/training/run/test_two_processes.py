"""Runs of two processes, as torchrun starts them: one folder, one end, whichever of them it comes to."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from training.checkpoint import CheckpointFolder
from translation.weights import load_bundle

pytestmark = pytest.mark.slow

Start = Callable[..., list[subprocess.Popen[str]]]
STEPS = 20


def start(*arguments: object) -> list[subprocess.Popen[str]]:
    """`sjmvi train` with these, in both."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    command = [sys.executable, "-m", "app.cli", "train", *map(str, arguments), "--device", "cpu"]
    common = {**os.environ, "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    common["OMP_NUM_THREADS"] = "1"
    return [
        subprocess.Popen(
            command,
            env={**common, "RANK": rank, "LOCAL_RANK": rank},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in ("0", "1")
    ]


def ended(ranks: list[subprocess.Popen[str]]) -> list[tuple[int, str, str]]:
    """The exit code, stdout and stderr of each."""
    outputs = [rank.communicate(timeout=200) for rank in ranks]
    return [(rank.returncode, *output) for rank, output in zip(ranks, outputs, strict=True)]


def wait_for_step(run: Path, step: int) -> None:
    log, until = run / "metrics.jsonl", time.monotonic() + 200
    while not log.exists() or f'"step": {step},' not in log.read_text():
        assert time.monotonic() < until
        time.sleep(0.05)


def logged(run: Path) -> list[dict[str, Any]]:
    lines = (run / "metrics.jsonl").read_text().splitlines()
    return [{name: value for name, value in json.loads(line).items() if name != "time"} for line in lines]


@pytest.fixture(scope="module")
def new(pair: tuple[Path, Path], tiny: str) -> tuple[object, ...]:
    return (*pair, "--recipe", tiny, "--set", f"training.steps={STEPS}", "--set", "training.batch_size=3")


@pytest.fixture(scope="module")
def straight(new: tuple[object, ...], tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("runs") / "straight"
    first, second = ended(start(*new, "--out", run))
    assert (first[0], second[0]) == (0, 0), first[2] + second[2]
    assert (first[1], second[1]) == (f"{run / 'bundle'}\n", "")
    return run


def assert_goes_on_to_the_same_end(run: Path, straight: Path) -> None:
    assert [code for code, _, _ in ended(start("--resume", run))] == [0, 0]
    ends = [CheckpointFolder(path / "checkpoints").load_latest() for path in (run, straight)]
    torch.testing.assert_close(*ends, rtol=0, atol=0)
    assert logged(run) == logged(straight)
    assert sum("nell" in row for row in logged(run)) == STEPS
    assert load_bundle(run / "bundle").card.steps == STEPS


@pytest.mark.parametrize("rank", [0, 1])
def test_a_signal_to_one_ends_both_between_two_steps_and_costs_nothing(
    rank: int, new: tuple[object, ...], straight: Path, tmp_path: Path
) -> None:
    ranks = start(*new, "--out", run := tmp_path / "run")
    wait_for_step(run, 2)
    ranks[rank].send_signal(signal.SIGTERM)
    first, second = ended(ranks)
    assert (first[0], second[0]) == (143, 143)
    assert first[2].endswith(f"stopped; continue with: sjmvi train --resume {run}\n")
    assert "stopped" not in second[2]
    assert 2 <= logged(run)[-1]["step"] < STEPS
    assert_goes_on_to_the_same_end(run, straight)


@pytest.mark.parametrize("rank", [0, 1])
def test_one_that_is_killed_ends_the_other_with_a_message(
    rank: int, new: tuple[object, ...], straight: Path, tmp_path: Path
) -> None:
    ranks = start(*new, "--out", run := tmp_path / "run")
    wait_for_step(run, 2)
    ranks[rank].kill()
    code, _, errors = ended(ranks)[1 - rank]
    assert code == 5
    assert "error: lost-process: another process of this training has ended" in errors
    assert_goes_on_to_the_same_end(run, straight)


def test_a_folder_in_the_way_of_the_first_ends_both(new: tuple[object, ...], straight: Path) -> None:
    first, second = ended(start(*new, "--out", straight))
    assert (first[0], second[0]) == (3, 5)
    assert f"error: not-a-run: {straight} holds a run already" in first[2]
