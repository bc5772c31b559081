"""What a run says of ratios that are none, and when it holds its tongue."""

import math
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from training.build import build_autocast, build_learner, build_objective, build_schedule
from training.callbacks import StopSigns
from training.checkpoint import CheckpointFolder
from training.config import load_recipe
from training.dataset import Batch
from training.objective.divergences import DIVERGENCES
from training.trainer import StepReport, Trainer

CREDIBLE, ASTRONOMIC = 0.5, 1e4
ROW = StopSigns.PATIENCE


def warnings_of(
    caplog: pytest.LogCaptureFixture, latent: Sequence[float], divergence: str = "kl"
) -> list[str]:
    """Of a run in which every other step is logged, with these means of the latent ratio."""
    signs = StopSigns(DIVERGENCES[divergence])
    for index, mean in enumerate(latent):
        signs.on_step(StepReport(2 * index + 1, 100, 8, {}, 0))
        signs.on_step(
            StepReport(2 * index + 2, 100, 8, {"mean_ratio_latent": mean, "mean_ratio_observed": 1.0}, 0)
        )
    signs.on_end()
    return [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]


@pytest.mark.parametrize("mean", [0.09, 10.1, 1e21, math.inf, math.nan])
def test_a_ratio_that_is_long_none_is_named_with_its_mean_and_the_way_out(
    caplog: pytest.LogCaptureFixture, mean: float
) -> None:
    (message,) = warnings_of(caplog, [mean] * ROW)
    assert f"step {2 * ROW}: the latent ratio is not to be believed, nor is kl_latent" in message
    assert f"outside [0.1, 10] for {ROW} logged steps and is {mean:.3g} now" in message
    assert "objective.divergence=gan" in message


@pytest.mark.parametrize("mean", [0.11, 1.0, 9.9])
def test_a_ratio_about_one_is_believed(caplog: pytest.LogCaptureFixture, mean: float) -> None:
    assert warnings_of(caplog, [mean] * 5 * ROW) == []


def test_only_steps_in_a_row_count(caplog: pytest.LogCaptureFixture) -> None:
    assert warnings_of(caplog, ([ASTRONOMIC] * (ROW - 1) + [CREDIBLE]) * 3) == []


def test_it_is_said_once_and_again_after_a_recovery(caplog: pytest.LogCaptureFixture) -> None:
    again = [ASTRONOMIC] * 3 * ROW + [CREDIBLE] + [ASTRONOMIC] * ROW
    assert len(warnings_of(caplog, again)) == 2


def test_rows_that_weigh_draws_exponentially_are_watched_and_no_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    watched = set()
    for name in DIVERGENCES:
        caplog.clear()
        if warnings_of(caplog, [ASTRONOMIC] * ROW, name):
            watched.add(name)
    assert watched == {"kl", "rkl", "jeffreys", "pearson", "neyman", "hellinger", "nonsat"}


@pytest.mark.parametrize(("divergence", "warns"), [("pearson", True), ("gan", False)])
def test_a_training_says_it(
    divergence: str, warns: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Of an observed ratio whose head has been moved to e^-5 everywhere, and hardly learns."""
    overrides = [
        f"objective.divergence={divergence}",
        f"training.steps={ROW}",
        "optimisation.ratios_rate=1e-9",
    ]
    recipe = load_recipe(str(Path(__file__).with_name("tiny.toml")), overrides)
    device = torch.device("cpu")
    torch.manual_seed(0)
    learner = build_learner(recipe, ("horse", "zebra"), device)
    with torch.no_grad():
        learner.networks.observed.marginal_head.bias -= 5
    trainer = Trainer(
        learner,
        build_objective(recipe.objective),
        build_schedule(recipe),
        CheckpointFolder(tmp_path),
        build_autocast(recipe, device),
        device,
    )
    pictures = torch.rand(2, 2, 3, 16, 16) * 2 - 1
    signs = StopSigns(DIVERGENCES[divergence])
    trainer.run([Batch(*pictures)] * ROW, [signs], stopped=lambda: False)
    said = [record.getMessage() for record in caplog.records]
    assert [message for message in said if "latent ratio" in message] == []
    assert (
        len([message for message in said if "the observed ratio is not to be believed" in message]) == warns
    )
