import io
import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from training.callbacks import Callback, JsonLines, Progress, SampleGrid, TensorBoard
from training.trainer import StepReport

SCALARS = {
    "nell": 0.51234,
    "nelp": 0.25,
    "kl_latent": -1.5,
    "kl_observed": 2e-5,
    "ratio_loss": 0.7,
    "rate": 2e-4,
}


def report_of(step: int, log_every: int = 2, skipped: int = 0) -> StepReport:
    return StepReport(step, 10, 8, SCALARS if step % log_every == 0 else {}, skipped)


def run(callback: Callback, steps: Sequence[int]) -> None:
    for step in steps:
        callback.on_step(report_of(step))
    callback.on_end()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    """Half a second a look."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        self.now_s += 0.5
        return self.now_s


class TestProgress:
    def test_a_line_a_logged_step_where_there_is_no_terminal(self) -> None:
        stream = io.StringIO()
        run(Progress(stream, Clock()), range(1, 11))
        lines = stream.getvalue().splitlines()
        assert [line.split("  ")[0] for line in lines] == [f"step {step}/10" for step in (2, 4, 6, 8, 10)]
        assert lines[0] == (
            "step 2/10  16.0 images/s  0:00:04 left  "
            "nell 0.512  nelp 0.25  kl_latent -1.5  kl_observed 2e-05  ratio_loss 0.7"
        )

    def test_a_resumed_run_counts_only_the_steps_of_its_own_time(self) -> None:
        stream = io.StringIO()
        run(Progress(stream, Clock()), range(7, 9))
        assert "step 8/10  16.0 images/s  0:00:01 left" in stream.getvalue()

    def test_one_line_that_renews_itself_on_a_terminal(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("COLUMNS", "40")
        stream = Terminal()
        run(Progress(stream, Clock()), range(1, 11))
        assert stream.getvalue().count("\n") == 1
        shown = stream.getvalue().rstrip("\n").split("\r\x1b[K")[1:]
        assert len(shown) == 10
        assert all(len(line) < 40 for line in shown)
        assert shown[6].startswith("step 7/10  16.0 images/s")

    def test_a_fast_run_does_not_flood_the_terminal(self) -> None:
        stream = Terminal()
        run(Progress(stream, lambda: 1.0), range(1, 11))
        assert stream.getvalue().count("\r") == 2

    def test_skipped_steps_are_told(self) -> None:
        stream = io.StringIO()
        Progress(stream).on_step(report_of(4, skipped=3))
        assert stream.getvalue().endswith("skipped 3\n")


def steps_in(path: Path) -> list[int]:
    return [json.loads(line)["step"] for line in path.read_text().splitlines()]


class TestJsonLines:
    def test_a_logged_step_is_a_line_as_soon_as_it_is_done(self, tmp_path: Path) -> None:
        log = JsonLines(tmp_path / "metrics.jsonl", 0)
        log.on_step(report_of(1))
        log.on_step(report_of(2, skipped=1))
        (line,) = (tmp_path / "metrics.jsonl").read_text().splitlines()
        row = json.loads(line)
        assert row.pop("time") > 1e9
        assert row == {"step": 2, "steps": 10, "skipped": 1, **SCALARS}
        log.on_end()

    @pytest.mark.parametrize("resumed_from", [0, 3, 4, 6])
    def test_a_resumed_run_has_every_step_once(self, tmp_path: Path, resumed_from: int) -> None:
        path = tmp_path / "metrics.jsonl"
        run(JsonLines(path, 0), range(1, 7))
        with path.open("a") as file:
            file.write('{}\n5\nnull\n{"step": null}\n{"step": 8, "ste')
        run(JsonLines(path, resumed_from), range(resumed_from + 1, 11))
        assert steps_in(path) == [2, 4, 6, 8, 10]

    def test_what_is_not_finite_is_null(self, tmp_path: Path) -> None:
        log = JsonLines(tmp_path / "metrics.jsonl", 0)
        log.on_step(StepReport(1, 1, 8, {"nell": math.nan, "nelp": math.inf, "rate": 1.0}, 0))
        log.on_end()
        row = json.loads((tmp_path / "metrics.jsonl").read_text(), parse_constant=pytest.fail)
        assert (row["nell"], row["nelp"], row["rate"]) == (None, None, 1.0)


def test_tensorboard_has_every_step_of_a_resumed_run_once(tmp_path: Path) -> None:
    run(TensorBoard(tmp_path, 0), range(1, 9))
    run(TensorBoard(tmp_path, 4), range(5, 11))
    events = EventAccumulator(str(tmp_path)).Reload()
    assert set(events.Tags()["scalars"]) == set(SCALARS)
    nell = events.Scalars("nell")
    assert [event.step for event in nell] == [2, 4, 6, 8, 10]
    assert nell[0].value == pytest.approx(SCALARS["nell"])


def test_sample_grids_are_drawn_now_and_then_and_at_the_end(tmp_path: Path) -> None:
    folder = tmp_path / "samples"
    grid = torch.zeros(3, 4, 6)
    grid[0] = 1.0
    run(SampleGrid(folder, lambda: grid, 4), range(1, 11))
    assert sorted(file.name for file in folder.iterdir()) == ["000004.png", "000008.png", "000010.png"]
    with Image.open(folder / "000004.png") as image:
        np.testing.assert_array_equal(np.asarray(image), np.full((4, 6, 3), [255, 0, 0]))
