"""Whole runs, from two folders to a bundle: what they leave, and that no end of them costs more than time."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import training.run
from training.build import build_learner
from training.checkpoint import CheckpointFolder, RunInUse, RunLock
from training.config import BadRecipe, load_recipe
from training.dataset import BadDataset, Batch
from training.run import Interrupted, NotARun, resume, train
from training.trainer import Diverged, StepReport
from translation.sampler import Sampler
from translation.weights import load_bundle, read_card

TINY = str(Path(__file__).with_name("tiny.toml"))
STEPS = 6
STOP_AT = 4


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    """Here and in the child process: the order of a sum is that of its threads."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(name="folders", scope="module")
def _folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Of noise, in which every crop and flip shows."""
    root, noise = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0)
    for name, pictures in (("plain", 12), ("striped", 9)):
        (root / name).mkdir()
        for index in range(pictures):
            pixels = noise.integers(0, 256, (20, 24, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(root / name / f"{index}.png")
    return root / "plain", root / "striped"


@pytest.fixture(name="straight", scope="module")
def _straight(folders: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nothing interrupted. Not to be changed."""
    return train(*folders, TINY, out=tmp_path_factory.mktemp("runs") / "straight", device="cpu")


def assert_ended_as(straight: Path, run: Path) -> None:
    """Bit for bit: weights, average, optimisers, random state; what was logged, drawn and published."""
    ends = [CheckpointFolder(path / "checkpoints").load_latest() for path in (straight, run)]
    torch.testing.assert_close(*ends, rtol=0, atol=0)
    assert logged(run) == logged(straight)
    assert read_card(run / "bundle")[0].files == read_card(straight / "bundle")[0].files
    for grid in (straight / "samples").iterdir():
        assert (run / "samples" / grid.name).read_bytes() == grid.read_bytes()


def logged(run: Path) -> list[dict[str, Any]]:
    lines = (run / "metrics.jsonl").read_text().splitlines()
    return [{name: value for name, value in json.loads(line).items() if name != "time"} for line in lines]


class TestStraightRun:
    def test_is_a_folder_of_these_things(self, straight: Path) -> None:
        assert {path.name for path in straight.iterdir()} == {
            *(
                ".lock",
                "recipe.toml",
                "run.json",
                "checkpoints",
                "metrics.jsonl",
                "tensorboard",
                "samples",
                "bundle",
            )
        }
        assert list(straight.rglob("card.json")) == [straight / "bundle" / "card.json"]
        assert sorted(path.name for path in (straight / "samples").iterdir()) == ["000003.png", "000006.png"]

    def test_ends_in_a_bundle_that_translates_both_ways(
        self, straight: Path, folders: tuple[Path, Path]
    ) -> None:
        bundle = load_bundle(straight / "bundle")
        sampler = Sampler(bundle.model, bundle.card.training_size)
        codes = torch.randn(2, bundle.model.code_size)
        for folder, to in zip(folders, ("striped", "plain"), strict=True):
            with Image.open(folder / "0.png") as picture:
                assert [sample.size for sample in sampler(picture, to, codes)] == 2 * [picture.size]

    def test_ends_in_the_averaged_maps(self, straight: Path) -> None:
        found = CheckpointFolder(straight / "checkpoints").load_latest()
        assert found is not None
        average = found[1]["learner"]["average"]
        for name, weight in load_bundle(straight / "bundle").model.state_dict().items():
            assert torch.equal(weight, average[f"module.{name}"].half().float())

    def test_tells_in_its_card_what_it_was(self, straight: Path) -> None:
        card, _ = read_card(straight / "bundle")
        assert (card.domains, card.training_size, card.steps) == (("plain", "striped"), 16, STEPS)
        assert card.recipe["training"]["steps"] == STEPS
        assert card.objective["preset"] == "paper-gan"
        assert card.objective["implied_scale"] == pytest.approx(3 * 16**2 * 0.1)
        assert card.data["plain"]["train"]["pictures"] == 11
        assert card.data["unreadable"] == 0


class StopsAt:
    """In the place of the progress line: SIGINT or SIGTERM to this process at the end of a step."""

    def __init__(self, step: int, number: signal.Signals) -> None:
        self.step = step
        self.number = number

    def __call__(self) -> "StopsAt":
        return self

    def on_step(self, report: StepReport) -> None:
        if report.step == self.step:
            os.kill(os.getpid(), self.number)

    def on_end(self) -> None: ...


class TestInterruptedRun:
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_by_a_signal_keeps_all_and_goes_on_as_if_nothing_had_been(
        self,
        number: signal.Signals,
        straight: Path,
        folders: tuple[Path, Path],
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
        monkeypatch.setattr(training.run, "Progress", StopsAt(STOP_AT, number))
        with pytest.raises(Interrupted, match=f"sjmvi train --resume {tmp_path / 'run'}") as caught:
            train(*folders, TINY, out=tmp_path / "run", device="cpu")
        assert (caught.value.run, caught.value.signal_number) == (tmp_path / "run", number)
        assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == handlers
        assert CheckpointFolder(tmp_path / "run" / "checkpoints").steps()[-1] == STOP_AT
        assert load_bundle(tmp_path / "run" / "bundle").card.steps == STOP_AT

        monkeypatch.setattr(training.run, "Progress", StopsAt(STEPS, number))  # when all is done
        assert resume(tmp_path / "run", device="cpu") == tmp_path / "run"
        assert_ended_as(straight, tmp_path / "run")

    def test_by_kill_9_repeats_the_steps_since_its_last_checkpoint(
        self, straight: Path, folders: tuple[Path, Path], tmp_path: Path
    ) -> None:
        run = tmp_path / "run"
        command = [sys.executable, "-c", STALLING_RUN, *map(str, folders), TINY, str(run)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"stalled\n"
            with pytest.raises(RunInUse, match=f"process {process.pid} on"):
                resume(run, device="cpu")
            process.kill()
        assert process.returncode == -signal.SIGKILL
        assert len(logged(run)) == STOP_AT
        assert CheckpointFolder(run / "checkpoints").steps()[-1] == STOP_AT - 1
        assert not (run / "bundle").exists()
        resume(run, device="cpu")
        assert_ended_as(straight, run)


STALLING_RUN = f"""
import sys, time
from pathlib import Path
import torch, training.run

class Stalling(training.run.SampleGrid):
    def on_step(self, report):
        super().on_step(report)
        if report.step == {STOP_AT}:
            print("stalled", flush=True)
            time.sleep(600)

training.run.SampleGrid = Stalling
torch.set_num_threads(1)
first, second, recipe, out = sys.argv[1:]
training.run.train(Path(first), Path(second), recipe, out=Path(out), device="cpu")
"""


def from_then_on_nan(batches: Iterator[Batch]) -> Iterator[Batch]:
    """The first three, then no more than noise of the worst kind."""
    yield from islice(batches, 3)
    yield from (Batch(batch.x * torch.nan, batch.z) for batch in batches)


def test_a_diverged_run_keeps_what_it_had_learned(
    folders: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loader = training.run.loader
    monkeypatch.setattr(training.run, "loader", lambda *arguments: from_then_on_nan(loader(*arguments)))
    with pytest.raises(Diverged, match="up to step 13"):
        train(*folders, TINY, overrides=["training.steps=50"], out=tmp_path, device="cpu")
    found = CheckpointFolder(tmp_path / "checkpoints").load_latest()
    assert found is not None
    average = found[1]["learner"]["average"]
    assert all(weight.isfinite().all() for weight in average.values())
    assert average["n_averaged"] == 3
    assert load_bundle(tmp_path / "bundle").card.domains == ("plain", "striped")


class TestStartingFromABundle:
    def test_goes_on_from_its_weights_and_later_without_it(
        self, straight: Path, folders: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bundle = shutil.copytree(straight / "bundle", tmp_path / "bundle")
        started = load_bundle(bundle)
        overrides = [f"training.start_from={bundle}", "optimisation.maps_rate=1e-9", "training.steps=2"]
        monkeypatch.setattr(training.run, "Progress", StopsAt(1, signal.SIGINT))
        with pytest.raises(Interrupted):
            train(*folders, TINY, overrides=overrides, out=tmp_path / "run", device="cpu")
        shutil.rmtree(bundle)
        resume(tmp_path / "run", device="cpu")
        ended = load_bundle(tmp_path / "run" / "bundle")
        torch.testing.assert_close(ended.model.state_dict(), started.model.state_dict(), rtol=1e-3, atol=1e-6)
        with pytest.raises(AssertionError):  # the ratios went on learning
            torch.testing.assert_close(
                ended.ratios.state_dict(), started.ratios.state_dict(), rtol=1e-3, atol=1e-6
            )

    def test_takes_new_ratios_where_they_are_of_another_size(self, straight: Path) -> None:
        recipe, bundle = load_recipe(TINY, ["model.discriminator.width=5"]), straight / "bundle"
        learner = build_learner(recipe, ("plain", "striped"), torch.device("cpu"), bundle)
        assert learner.networks.latent.judged.first.out_channels == 5
        torch.testing.assert_close(learner.model.state_dict(), load_bundle(bundle).model.state_dict())

    @pytest.mark.parametrize(
        ("override", "is_swapped", "message"),
        [
            ("model.generator.blocks=2", False, "other generators"),
            ("model.noise.width=5", False, "other generators or noise encoders"),
            ("model.noise.width=4", True, "the other way round"),
        ],
    )
    def test_that_does_not_fit_is_refused(
        self,
        override: str,
        is_swapped: bool,
        message: str,
        straight: Path,
        folders: tuple[Path, Path],
        tmp_path: Path,
    ) -> None:
        overrides = [override, f"training.start_from={straight / 'bundle'}"]
        first, second = folders[::-1] if is_swapped else folders
        with pytest.raises(BadRecipe, match=f"training.start_from: .* {message}"):
            train(first, second, TINY, overrides=overrides, out=tmp_path, device="cpu")


class TestRefusals:
    def test_of_a_folder_with_a_run_in_it(self, straight: Path, folders: tuple[Path, Path]) -> None:
        before = (straight / "recipe.toml").read_bytes()
        with pytest.raises(NotARun, match=f"holds a run already: continue it with --resume {straight}"):
            train(*folders, TINY, overrides=["training.steps=1"], out=straight, device="cpu")
        assert (straight / "recipe.toml").read_bytes() == before

    @pytest.mark.parametrize("out", ["file", "file/run"])
    def test_of_a_file_in_the_way(self, out: str, folders: tuple[Path, Path], tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(NotARun, match="is no folder"):
            train(*folders, TINY, out=tmp_path / out, device="cpu")

    def test_of_a_second_trainer(self, folders: tuple[Path, Path], tmp_path: Path) -> None:
        with RunLock(tmp_path), pytest.raises(RunInUse):
            train(*folders, TINY, out=tmp_path, device="cpu")
        assert [path.name for path in tmp_path.iterdir()] == [".lock"]

    @pytest.mark.parametrize(
        "content", [None, "", "[]", '{"first": "a"}'], ids=["no file", "empty", "list", "less"]
    )
    def test_of_resuming_what_is_no_run(self, content: str | None, tmp_path: Path) -> None:
        if content is not None:
            (tmp_path / "run.json").write_text(content)
        with pytest.raises(NotARun, match=f"{tmp_path} is not a run"):
            resume(tmp_path, device="cpu")

    @pytest.mark.parametrize(
        ("overrides", "error"), [(["data.size=20"], BadRecipe), (["data.size=16"], BadDataset)]
    )
    def test_leave_nothing_behind(
        self, overrides: list[str], error: type[ValueError], tmp_path: Path, folders: tuple[Path, Path]
    ) -> None:
        with pytest.raises(error):
            train(
                folders[0],
                tmp_path / "nowhere",
                TINY,
                overrides=overrides,
                out=tmp_path / "run",
                device="cpu",
            )
        assert not list(tmp_path.iterdir())


def test_without_a_name_a_run_is_named_after_its_domains_and_the_time(
    folders: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run = train(
        *folders, TINY, ("horse", "zebra"), ["training.steps=1", "objective.weights.nell=0"], device="cpu"
    )
    assert run.parent == Path("runs")
    assert run.name.startswith("horse-zebra-2")
    card, _ = read_card(run / "bundle")
    assert card.domains == ("horse", "zebra")
    assert card.objective["implied_scale"] is None  # of a likelihood that counts for nothing
