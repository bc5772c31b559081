import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from training.checkpoint import CheckpointFolder, CorruptCheckpoint, RunInUse, RunLock, State
from training.random_state import restore_rng_state, rng_state


def state_of(step: int) -> State:
    return {"step": step, "weights": torch.full((40,), float(step)), "rates": [0.1, None, ("adam", True)]}


@pytest.fixture(name="folder")
def _folder(tmp_path: Path) -> CheckpointFolder:
    return CheckpointFolder(tmp_path / "checkpoints")


def latest_step(folder: CheckpointFolder) -> int | None:
    """Of a folder opened anew, as after a crash; checks that the state belongs to the step."""
    loaded = CheckpointFolder(folder.path).load_latest()
    if loaded is None:
        return None
    step, state = loaded
    expected = state_of(step)
    assert torch.equal(state.pop("weights"), expected.pop("weights"))
    assert state == expected
    return step


def test_a_new_folder_holds_no_checkpoint(folder: CheckpointFolder) -> None:
    assert latest_step(folder) is None


def test_the_latest_state_comes_back_and_the_last_two_are_kept(folder: CheckpointFolder) -> None:
    for step in (9, 10, 100):
        folder.save(step, state_of(step))
    assert latest_step(folder) == 100
    names = sorted(file.name for file in folder.path.iterdir())
    assert names == ["00000010.json", "00000010.pt", "00000100.json", "00000100.pt"]


def test_a_step_can_be_saved_again(folder: CheckpointFolder) -> None:
    for step in (1, 2, 2):
        folder.save(step, state_of(step))
    assert folder.steps() == [1, 2]
    assert latest_step(folder) == 2


def test_a_copy_that_someone_made_of_one_is_none(folder: CheckpointFolder) -> None:
    folder.save(1, state_of(1))
    (folder.path / "00000001 (copy).json").touch()
    assert latest_step(folder) == 1


def test_an_optimiser_goes_on_where_it_stopped(folder: CheckpointFolder) -> None:
    def steps(optimiser: torch.optim.Optimizer, weight: nn.Parameter, steps: int) -> None:
        for _ in range(steps):
            optimiser.zero_grad()
            (weight * torch.randn(5)).sum().backward()
            optimiser.step()

    weight = nn.Parameter(torch.zeros(5))
    optimiser = torch.optim.Adam([weight])
    steps(optimiser, weight, 3)
    folder.save(3, {"weight": weight.data, "optimiser": optimiser.state_dict(), "rng": rng_state()})
    steps(optimiser, weight, 3)

    loaded = folder.load_latest()
    assert loaded is not None
    again = nn.Parameter(loaded[1]["weight"])
    optimiser = torch.optim.Adam([again])
    optimiser.load_state_dict(loaded[1]["optimiser"])
    restore_rng_state(loaded[1]["rng"])
    steps(optimiser, again, 3)
    assert torch.equal(again, weight)


@pytest.mark.parametrize(
    "value", [Path("x"), np.float64(1), nn.Linear(1, 1), {1, 2}], ids=lambda v: type(v).__name__
)
def test_what_could_not_be_loaded_is_not_saved(folder: CheckpointFolder, value: object) -> None:
    with pytest.raises(TypeError, match=r"state\['optimiser'\]\[1\] is a"):
        folder.save(1, {"optimiser": [0, value]})
    assert latest_step(folder) is None


def test_a_pickled_object_is_not_loaded(folder: CheckpointFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.checkpoint._refuse_objects", lambda *_: None)
    folder.save(1, {"object": Path("x")})
    with pytest.raises(Exception, match="weights_only"):  # noqa: B017,PT011 - torch's own
        folder.load_latest()


def flip_a_bit(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 4
    file.write_bytes(data)


def cut_in_half(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


DAMAGES = [flip_a_bit, cut_in_half, Path.unlink]


class TestDamage:
    @pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
    @pytest.mark.parametrize("suffix", ["pt", "json"])
    def test_the_checkpoint_before_a_damaged_one_is_loaded(
        self,
        folder: CheckpointFolder,
        damage: Callable[[Path], None],
        suffix: str,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        for step in (1, 2):
            folder.save(step, state_of(step))
        damage(folder.path / f"00000002.{suffix}")
        assert latest_step(folder) == 1
        if (damage, suffix) != (Path.unlink, "json"):
            assert "00000002.pt" in caplog.text

    @pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
    def test_no_sound_checkpoint_is_an_error_and_not_a_new_start(
        self, folder: CheckpointFolder, damage: Callable[[Path], None]
    ) -> None:
        for step in (1, 2):
            folder.save(step, state_of(step))
            damage(folder.path / f"{step:08}.pt")
        with pytest.raises(CorruptCheckpoint, match="none of the 2"):
            latest_step(folder)

    def test_a_run_that_fell_back_does_not_count_the_damaged_one(self, folder: CheckpointFolder) -> None:
        for step in (10, 20):
            folder.save(step, state_of(step))
        flip_a_bit(folder.path / "00000020.pt")
        folder.save(15, state_of(15))
        assert folder.steps() == [10, 15]


class Killed(BaseException):
    """As kill -9: nothing after it reaches the disk."""


DISK_CALLS = [(os, "fsync"), (Path, "open"), (Path, "replace"), (Path, "unlink")]


def kill_at(monkeypatch: pytest.MonkeyPatch, call_number: int) -> Iterator[int]:
    """From disk call number `call_number` on, every one raises Killed. Yields the calls so far."""
    calls = count()

    def dying(call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401
            if next(calls) >= call_number:
                raise Killed
            return call(*arguments, **named)

        return wrapped

    for owner, name in DISK_CALLS:
        monkeypatch.setattr(owner, name, dying(getattr(owner, name)))
    return calls


class TestCrashes:
    @pytest.mark.parametrize("call_number", range(20))
    def test_killed_at_any_call_to_the_disk_the_run_goes_on(
        self, folder: CheckpointFolder, call_number: int
    ) -> None:
        for step in (1, 2):
            folder.save(step, state_of(step))
        finished = False
        with pytest.MonkeyPatch.context() as monkeypatch:
            kill_at(monkeypatch, call_number)
            try:
                folder.save(3, state_of(3))
                finished = True
            except Killed:
                pass
        assert finished or call_number < 14
        assert latest_step(folder) in ((3,) if finished else (2, 3))
        CheckpointFolder(folder.path).save(4, state_of(4))
        assert latest_step(folder) == 4
        assert len(list(folder.path.iterdir())) == 4

    def test_a_full_disk_leaves_what_was_there(
        self, folder: CheckpointFolder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder.save(1, state_of(1))

        def no_space(descriptor: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", no_space)
        with pytest.raises(OSError, match="No space"):
            folder.save(2, state_of(2))
        assert sorted(file.name for file in folder.path.iterdir()) == ["00000001.json", "00000001.pt"]
        assert latest_step(folder) == 1


class TestLock:
    def test_a_second_trainer_is_refused_and_told_who_holds_the_run(self, tmp_path: Path) -> None:
        with RunLock(tmp_path):
            with pytest.raises(RunInUse, match=f"in use by process {os.getpid()} on"), RunLock(tmp_path):
                pytest.fail("both hold it")
            with pytest.raises(RunInUse, match="in use by process"), RunLock(tmp_path):
                pytest.fail("both hold it")
        with RunLock(tmp_path):
            pass

    def test_another_run_is_free(self, tmp_path: Path) -> None:
        other = tmp_path / "other"
        other.mkdir()
        with RunLock(tmp_path), RunLock(other):
            pass

    def test_the_lock_of_a_killed_process_is_no_obstacle(self, tmp_path: Path) -> None:
        code = (
            "import sys, time; from pathlib import Path; from training.checkpoint import RunLock\n"
            "with RunLock(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
        )
        with subprocess.Popen([sys.executable, "-c", code, tmp_path], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"held\n"
            with pytest.raises(RunInUse, match=f"process {process.pid} on"), RunLock(tmp_path):
                pytest.fail("both hold it")
            process.send_signal(signal.SIGKILL)
            process.wait()
            with RunLock(tmp_path):
                assert f"process {os.getpid()} " in (tmp_path / ".lock").read_text()
