"""Each measure on pictures, and maps, for which its answer is known."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw
from torch import Tensor, nn

from training.build import build_judge, build_learner
from training.config import load_recipe
from training.evaluation.bench import Bench, Direction, Judge, Remembered
from training.evaluation.bounds import bound
from training.evaluation.bundle import judge_of
from training.evaluation.content import compared, content_of, crops
from training.evaluation.cycle import disturbances, mean_absolute_error
from training.evaluation.diversity import BAND, mean_cosine_distance, pixel_std
from training.evaluation.features import FeatureNetwork, Features
from training.evaluation.figures import EvaluationProtocol
from training.evaluation.pictures import Pictures
from training.objective.joints import Sampling
from training.objective.ratios import FreeRatio
from training.objective.sjmvi import Ratios
from translation.sampler import Sampler
from translation.weights import Bundle, load_bundle

Pair = tuple[Pictures, Pictures]


@pytest.fixture
def bench(sampler: Sampler, network: FeatureNetwork) -> Bench:
    return Bench(sampler, network, EvaluationProtocol(inputs=3), Remembered(network))


@pytest.fixture
def there(test_pictures: Pair) -> Direction:
    return Direction("horse", "zebra", *test_pictures, train=None)


def grey(level: int) -> Image.Image:
    return Image.new("RGB", (8, 8), (level, level, level))


class TestDiversity:
    def test_pixels_deviate_by_what_the_samples_differ(self) -> None:
        assert pixel_std([grey(100), grey(110)]) == pytest.approx(np.std([100, 110], ddof=1))
        assert pixel_std([grey(100)] * 3) == 0

    def test_features_are_as_far_apart_as_their_directions(self) -> None:
        assert mean_cosine_distance(np.array([[1.0, 0], [0, 2], [3, 0]])) == pytest.approx((1 + 0 + 1) / 3)
        assert mean_cosine_distance(np.array([[1.0, 0], [-1, 0]])) == pytest.approx(2)

    def test_equal_features_are_at_no_distance_and_never_less(self) -> None:
        rows = np.random.default_rng(0).normal(size=(200, 1, 7))
        distances = [mean_cosine_distance(np.repeat(row, 3, axis=0)) for row in rows]
        assert min(distances) == 0
        assert max(distances) == pytest.approx(0)

    @pytest.mark.parametrize("height", [BAND - 1, 2 * BAND, 2 * BAND + 1])
    def test_pixels_deviate_alike_however_high_the_picture_is(self, height: int) -> None:
        levels = np.random.default_rng(0).integers(0, 256, (3, height, 5, 3), dtype=np.uint8)
        found = pixel_std([Image.fromarray(picture) for picture in levels])
        assert found == pytest.approx(levels.std(0, ddof=1).mean())


class TestDisturbances:
    @pytest.mark.parametrize("sigma", [0.05, 0.1])
    def test_noise_is_of_the_size_asked_for(self, sigma: float) -> None:
        flat = Image.new("RGB", (64, 64), (128, 128, 128))
        noisy = disturbances([sigma])[f"noise_{sigma}"](flat, 3)
        assert np.std(np.asarray(noisy)) == pytest.approx(127.5 * sigma, rel=0.03)
        assert np.mean(np.asarray(noisy)) == pytest.approx(128, abs=0.5)

    def test_a_jpeg_changes_a_picture_a_little_and_nothing_changes_it_not(self, test_pictures: Pair) -> None:
        source = test_pictures[0][0]
        errors = {
            name: mean_absolute_error(source, disturb(source, 0))
            for name, disturb in disturbances(()).items()
        }
        assert set(errors) == {"plain", "jpeg_90"}
        assert errors["plain"] == 0 < errors["jpeg_90"] < 5


class TestContent:
    def test_a_picture_has_all_of_its_own_and_less_of_another_s(self, bench: Bench, there: Direction) -> None:
        sources = content_of(bench, there.sources)
        own, other = compared(sources, sources)
        assert own == {"low_frequency": pytest.approx(1), "edges": pytest.approx(1), "structure_crops": 0}
        assert other["low_frequency"] < 0.9
        assert other["edges"] < 0.9
        assert other["structure_crops"] > 0

    def test_light_and_dark_swapped_is_the_opposite_of_low_frequency_with_the_edges_kept(
        self, bench: Bench, there: Direction
    ) -> None:
        negatives = [Image.eval(image, lambda level: 255 - level) for image in there.sources]
        own, _ = compared(content_of(bench, there.sources), content_of(bench, negatives))
        assert own["low_frequency"] == pytest.approx(-1, abs=0.01)
        assert own["edges"] == pytest.approx(1, abs=0.01)

    def test_a_network_that_shows_a_map_is_asked_for_it(self, bench: Bench, there: Direction) -> None:
        class WithMaps(FeatureNetwork):
            def look(self, images: list[Image.Image]) -> Features:
                maps = np.stack([np.asarray(image.resize((4, 4)), np.float64) for image in images])
                return Features(maps.mean((1, 2)), maps=maps.transpose(0, 3, 1, 2))

        sources = content_of(replace(bench, network=WithMaps("maps", "0", 4)), there.sources)
        own, other = compared(sources, sources)
        assert own["structure_maps"] == 0 < other["structure_maps"]

    def test_crops_are_halves_evenly_over_the_picture(self) -> None:
        picture = Image.new("RGB", (40, 20))
        ImageDraw.Draw(picture).rectangle((20, 10, 39, 19), fill="white")
        found = crops(picture)
        assert {crop.size for crop in found} == {(20, 10)}
        brightness = [np.asarray(crop).mean() / 255 for crop in found]
        assert brightness == pytest.approx([0, 0, 0, 0, 0.25, 0.5, 0, 0.5, 1])


class Constant(nn.Module):
    """A log ratio, whatever is judged."""

    def __init__(self, log_ratio: Callable[[Tensor, Tensor], Tensor]) -> None:
        super().__init__()
        self.log_ratio = log_ratio

    def forward(self, judged: Tensor, given: Tensor) -> Tensor:
        return self.log_ratio(judged, given)


class TestBound:
    def test_has_the_ratio_of_its_own_direction(self, bench: Bench, test_pictures: Pair) -> None:
        latent, observed = (
            FreeRatio(Constant(lambda judged, given, value=value: torch.full((len(judged), 1, 2, 2), value)))
            for value in (1.5, -0.5)
        )
        judge = Judge(Ratios(latent, observed), Sampling(0.05))
        there = Direction("horse", "zebra", *test_pictures, train=None)
        back = Direction("zebra", "horse", *test_pictures[::-1], train=None)
        figures = bound(bench, there, judge, seed=0)
        assert figures["divergence"] == pytest.approx(1.5)
        assert figures["total"] == pytest.approx(figures["likelihood"] + 1.5)
        assert bound(bench, back, judge, seed=0)["divergence"] == pytest.approx(-0.5)

    def test_judges_the_translation_given_its_source(self, bench: Bench, there: Direction) -> None:
        """Under sampling noise so large that it is all that a translation shows."""
        ratio = FreeRatio(
            Constant(lambda judged, given: judged.square().mean((1, 2, 3)) - given.square().mean())
        )
        noisy = bound(bench, there, Judge(Ratios(ratio, ratio), Sampling(10.0)), seed=0)
        clean = bound(bench, there, Judge(Ratios(ratio, ratio), Sampling(0.0)), seed=0)
        assert noisy["divergence"] > 50 > clean["divergence"]
        assert noisy["likelihood"] > clean["likelihood"]


def shipped(**objective: object) -> Bundle:
    """Its card saying of its objective what it is told to."""
    bundle = load_bundle(Path(__file__).parents[3] / "weights" / "horse2zebra")
    card = bundle.card.model_copy(update={"objective": bundle.card.objective | objective})
    return replace(bundle, card=card)


def test_ratios_that_never_look_at_the_source_give_no_bound(bench: Bench, there: Direction) -> None:
    judges = {conditioning: judge_of(shipped(conditioning=conditioning)) for conditioning in (0.0, 0.1)}
    found = {
        conditioning: bound(bench, there, judge, seed=0) for conditioning, judge in judges.items() if judge
    }
    assert found[0.0].keys() == {"likelihood", "divergence"}
    assert found[0.1].keys() == {"likelihood", "divergence", "total"}


def test_there_is_no_bound_where_no_log_ratio_was_learned() -> None:
    assert judge_of(shipped()) is not None
    for divergence in ("least-squares", "one that nobody knows here"):
        assert judge_of(shipped(divergence=divergence)) is None
    recipe = load_recipe("cyclegan", ["model.generator.width=4", "model.discriminator.width=4"])
    learner = build_learner(recipe, ("horse", "zebra"), torch.device("cpu"))
    assert build_judge(recipe, learner) is None
