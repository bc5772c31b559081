"""A trial's samples are seen once, by every measure, and then they are gone."""

import weakref
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from training.evaluation.bench import Bench, Remembered
from training.evaluation.content import compared, content_of
from training.evaluation.cycle import cycle_errors, cycle_losses
from training.evaluation.evaluate import directions, run_trial
from training.evaluation.features import FeatureNetwork
from training.evaluation.figures import EvaluationProtocol
from training.evaluation.pictures import Pictures, pictures_in_memory
from training.evaluation.translations import sample_codes, translate
from training.evaluation.trial import begin_trial
from translation.painted_image import PaintedImage
from translation.sampler import BATCH_SIZES, Sampler

PROTOCOL = EvaluationProtocol(samples=2, inputs=11, noises=(0.1,))
HELD = 3 * BATCH_SIZES[-1]  # a batch, its ways back, and what the next one is made of


@pytest.fixture(scope="module")
def many() -> Pictures:
    """Thirty."""
    levels = np.random.default_rng(0).integers(0, 256, (30, 8, 10, 3), dtype=np.uint8)
    return pictures_in_memory([Image.fromarray(picture).resize((40, 32)) for picture in levels])


@pytest.fixture
def bench(sampler: Sampler, network: FeatureNetwork) -> Bench:
    return Bench(sampler, network, PROTOCOL, Remembered(network))


def test_no_more_translations_are_held_than_a_few_batches(
    bench: Bench, many: Pictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    over, made, most = PaintedImage.over, list[weakref.ref[Image.Image]](), [0]

    def followed(painted: PaintedImage, image: Image.Image) -> Image.Image:
        translation = over(painted, image)
        made.append(weakref.ref(translation))
        most[0] = max(most[0], sum(each() is not None for each in made))
        return translation

    monkeypatch.setattr(PaintedImage, "over", followed)
    (there, _) = directions(bench.sampler, (many, many), None)
    lines = run_trial(bench, there, seed=0)
    assert {"sample", "mean", "diversity", "cycle", "content"} <= lines.keys()
    assert len(made) == 30 + 30 + 2 * 11 + 3 * 30
    assert most[0] <= HELD


def test_what_is_seen_batch_by_batch_is_what_all_samples_show(bench: Bench, many: Pictures) -> None:
    (there, _) = directions(bench.sampler, (many, many), None)
    codes = sample_codes(many.names, 5, bench.sampler.model.code_size)
    samples = list(translate(bench.sampler, many, there.target, codes))
    trial = begin_trial(bench, there, seed=5)
    np.testing.assert_array_equal(trial.features.pooled, bench.network(samples).pooled)
    assert cycle_errors(trial.losses) == cycle_errors([cycle_losses(bench, there, samples)])
    sources = content_of(bench, many.first(11))
    assert compared(sources, trial.contents) == compared(sources, content_of(bench, samples[:11]))


def test_nothing_is_looked_at_that_is_not_asked_for(bench: Bench, many: Pictures) -> None:
    some = many.first(3)
    (there, _) = directions(bench.sampler, (some, some), None)
    bare = replace(bench, protocol=replace(PROTOCOL, measures=("diversity",)))
    trial = begin_trial(bare, there, seed=0)
    assert (trial.looks, trial.losses, trial.contents) == ([], [], [])
