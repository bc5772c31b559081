"""A recipe's objective: the preset that it names, and what departs from it."""

import math
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from training.build import build_learner, build_objective, build_preset
from training.config import BadRecipe, load_recipe
from training.objective.augmentation import PairAugmentation, unchanged
from training.objective.divergences import DIVERGENCES, GENERATOR_LOSSES
from training.objective.joints import Sampling
from training.objective.presets import PRESETS
from training.objective.sjmvi import Weights

TINY = str(Path(__file__).with_name("tiny.toml"))
SMALL = [f"model.{part}.width=4" for part in ("generator", "noise", "discriminator")]


class TestPreset:
    @pytest.mark.parametrize("name", PRESETS)
    def test_is_what_the_table_says(self, name: str) -> None:
        assert build_preset(load_recipe(TINY, [f"objective={{preset='{name}'}}"]).objective) == PRESETS[name]

    def test_gives_way_to_what_the_recipe_says(self) -> None:
        said = "preset='cyclegan', divergence='kl', generator_loss='gan', noise=0.2, ratio_noise='both', "
        recipe = load_recipe(TINY, [f"objective={{{said} conditioning=0.3, weights={{ratio=4}}}}"])
        preset = build_preset(recipe.objective)
        assert (preset.divergence, preset.generator_loss) == ("kl", "gan")
        assert preset.sampling == Sampling(0.2, "both")
        assert (preset.conditioning, preset.ratio_weight) == (0.3, 0.5)
        objective = build_objective(recipe.objective)
        assert objective.divergence is DIVERGENCES["kl"]
        assert objective.generator_loss is GENERATOR_LOSSES["gan"]
        assert objective.weights.ratio == 2.0

    @pytest.mark.parametrize(
        "said",
        [
            "preset='cyclegan', divergence='gan'",
            "divergence='least-squares'",
            "generator_loss='least-squares'",
        ],
    )
    def test_asks_for_log_ratios_where_they_are_learned(self, said: str) -> None:
        with pytest.raises(
            BadRecipe, match=r"divergence and generator_loss are least-squares both, or neither"
        ):
            load_recipe(TINY, [f"objective={{{said}}}"])

    def test_is_looked_at_through_what_the_recipe_names(self) -> None:
        said = ["objective.augmentation=cutout", "objective.augmentation_probability=0.3"]
        objective = build_objective(load_recipe(TINY, said).objective)
        assert objective.augment == PairAugmentation(("cutout",), 0.3)
        assert build_objective(load_recipe(TINY).objective).augment is unchanged

    @pytest.mark.parametrize("said", ["noise=0.0", "conditioning=0.0"])
    def test_gives_way_to_zero(self, said: str) -> None:
        preset = build_preset(load_recipe(TINY, [f"objective={{{said}}}"]).objective)
        assert 0 in (preset.sampling.noise, preset.conditioning)


def test_the_cyclegan_recipe_is_zhu_et_al() -> None:
    """Shrunk, against their losses written plainly: D = 1/2 - l, delta is the densities' constant."""
    torch.manual_seed(0)
    recipe = load_recipe("cyclegan", [*SMALL, "model.generator.blocks=1", "data.size=32"])
    learner = build_learner(recipe, ("horse", "zebra"), torch.device("cpu"))
    objective = build_objective(recipe.objective)
    x, z = torch.rand(2, 2, 3, 32, 32) * 2 - 1

    def paint(to: str, source: Tensor) -> Tensor:
        mean: Tensor = learner.model.conditional(to)(source).mean
        return mean

    def judge(network: nn.Module, images: Tensor, target: float) -> Tensor:
        return (0.5 - network.marginal(images) - target).square().mean()  # type: ignore[operator]

    on_x, on_z = learner.networks.observed, learner.networks.latent
    fake_x, fake_z = paint("horse", z), paint("zebra", x)
    cycles = F.l1_loss(paint("horse", fake_z), x) + F.l1_loss(paint("zebra", fake_x), z)
    fooling = judge(on_x, fake_x, 1) + judge(on_z, fake_z, 1)
    judging = judge(on_x, x, 1) + judge(on_x, fake_x, 0) + judge(on_z, z, 1) + judge(on_z, fake_z, 0)

    draws = objective.draw(learner.maps, x, z)
    maps_loss = objective.maps_loss(objective.terms(learner.maps, learner.ratios, draws))
    delta = 20 * math.log(2)
    torch.testing.assert_close(maps_loss - delta, fooling + 10 * cycles)
    torch.testing.assert_close(objective.ratio_loss(learner.ratios, draws), judging / 2)
    assert torch.equal(draws.q.drawn, fake_z)
    assert torch.equal(draws.p.drawn, fake_x)


class TestCodeWeight:
    @pytest.mark.parametrize("said", ["weights={nell=0.5}", "preset='paper-kl'"])
    def test_is_one_that_codes_live_by_unless_the_recipe_says_another(self, said: str) -> None:
        assert load_recipe(TINY, [f"objective={{{said}}}"]).objective.weights.code == 0.02
        assert load_recipe(TINY, ["objective.weights.code=1"]).objective.weights.code == 1

    def test_of_the_objective_itself_is_the_papers(self) -> None:
        assert Weights().code == 1
