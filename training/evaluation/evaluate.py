"""A model measured in both directions, on pictures that it has not seen.

    sample        one sample of each source picture, against the target's test pictures
    mean          the mean image of each, the same
    untranslated  the source pictures as they are, the same: what doing nothing scores
    real          as many training pictures of the target, the same: what a perfect model would score
    diversity     samples of one input, from one another (see diversity.py)
    cycle         a source picture, from what came back of it (see cycle.py)

`evaluate` is all that a training loop or an experiment needs; its parts can be called one by one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from PIL import Image

from training.evaluation.cycle import disturbances, mean_absolute_error
from training.evaluation.distances import frechet_distance, kernel_distance, top1_share
from training.evaluation.diversity import Diversity, mean_cosine_distance, pixel_std
from training.evaluation.features import FeatureNetwork, Features
from training.evaluation.figures import DirectionFigures, Evaluation, Line, Lines, Protocol, over_seeds
from training.evaluation.pictures import Pictures
from training.evaluation.translations import Tick, mean_codes, sample_codes, samples_of, translate
from translation.sampler import Sampler

Store = Callable[[Pictures], Features]


@dataclass(frozen=True)
class Direction:
    """Sources are the test pictures of one domain; references, and `train`, are of the other."""

    source: str
    target: str
    sources: Pictures
    references: Pictures
    train: Pictures | None


@dataclass(frozen=True)
class Bench:
    """What every measurement is made with. `reference_features` remembers those of fixed pictures."""

    sampler: Sampler
    network: FeatureNetwork
    protocol: Protocol
    reference_features: Store
    tick: Tick


class Remembered:
    """The features of pictures that come again with every seed and every model: by their digest."""

    def __init__(self, network: FeatureNetwork, tick: Tick = lambda pictures: None) -> None:
        self.network = network
        self.tick = tick
        self._found: dict[str, Features] = {}

    def __call__(self, pictures: Pictures) -> Features:
        if pictures.digest not in self._found:
            self._found[pictures.digest] = self.network(pictures, self.tick)
        return self._found[pictures.digest]


def evaluate(  # noqa: PLR0913 - each is a thing of its own
    sampler: Sampler,
    test: tuple[Pictures, Pictures],
    network: FeatureNetwork,
    protocol: Protocol,
    train: tuple[Pictures, Pictures] | None = None,
    reference_features: Store | None = None,
    tick: Tick = lambda pictures: None,
) -> Evaluation:
    """Both directions of the sampler's model. `test` and `train` are of (first, second) domain.

    `reference_features`, a Remembered, spares a second evaluation what it has in common with the first.
    `tick` is told of every picture that went through a network. Raises BadDataset.
    """
    bench = Bench(sampler, network, protocol, reference_features or Remembered(network, tick), tick)
    return Evaluation(
        protocol,
        network.frechet_name,
        network.kernel_name,
        network.digest,
        tuple(evaluate_direction(bench, direction) for direction in directions(sampler, test, train)),
    )


def directions(
    sampler: Sampler, test: tuple[Pictures, Pictures], train: tuple[Pictures, Pictures] | None
) -> tuple[Direction, Direction]:
    first, second = sampler.model.domains
    return (
        Direction(first, second, test[0], test[1], train and train[1]),
        Direction(second, first, test[1], test[0], train and train[0]),
    )


def evaluate_direction(bench: Bench, at: Direction) -> DirectionFigures:
    trials = [trial(bench, at, seed) for seed in bench.protocol.seeds]
    return DirectionFigures(at.source, at.target, len(at.sources), len(at.references), over_seeds(trials))


def trial(bench: Bench, at: Direction, seed: int) -> Lines:
    """Everything that is measured of one direction under one seed."""
    sampler, size = bench.sampler, bench.sampler.model.code_size
    codes = sample_codes(at.sources.names, seed, size)
    sampled = translate(sampler, at.sources, at.target, codes, bench.tick)
    lines = {"sample": quality(bench, at, bench.network(sampled, bench.tick))}
    if size:
        means = translate(sampler, at.sources, at.target, mean_codes(len(at.sources), size), bench.tick)
        lines["mean"] = quality(bench, at, bench.network(means, bench.tick))
    lines["untranslated"] = quality(bench, at, bench.reference_features(at.sources))
    if at.train is not None:
        real = at.train.drawn(len(at.sources), seed)
        lines["real"] = quality(bench, at, bench.reference_features(real))
    if size:
        lines["diversity"] = vars(diversity(bench, at, seed))
    lines["cycle"] = cycle_errors(bench, at, sampled)
    return lines


def quality(bench: Bench, at: Direction, features: Features) -> Line:
    """frechet, kernel and kernel_std (x100, over subsets), and top1, the share of the target's class."""
    references = bench.reference_features(at.references)
    kernel = kernel_distance(features.pooled, references.pooled)
    figures = {
        "frechet": frechet_distance(features.pooled, references.pooled),
        "kernel": 100 * kernel.mean,
        "kernel_std": 100 * kernel.std,
    }
    classes = bench.protocol.classes or {}
    if features.logits is not None and at.target in classes:
        figures["top1"] = top1_share(features.logits, classes[at.target])
    return figures


def diversity(bench: Bench, at: Direction, seed: int) -> Diversity:
    """Of the first inputs."""
    pixels, distances = [], []
    some = at.sources.first(bench.protocol.inputs)
    for name, image in zip(some.names, some, strict=True):
        samples = samples_of(bench.sampler, image, name, at.target, seed, bench.protocol.samples)
        bench.tick(len(samples))
        pixels.append(pixel_std(samples))
        distances.append(mean_cosine_distance(bench.network(samples, bench.tick).pooled))
    return Diversity(float(np.mean(pixels)), float(np.mean(distances)))


def cycle_errors(bench: Bench, at: Direction, translated: list[Image.Image]) -> Mapping[str, float]:
    """Mean absolute errors in grey levels, by what was done to the translation on the way."""
    codes = mean_codes(len(translated), bench.sampler.model.code_size)
    errors = {}
    for name, disturb in disturbances(bench.protocol.noises).items():
        between = (disturb(image, row) for row, image in enumerate(translated))
        back = translate(bench.sampler, between, at.source, codes, bench.tick)
        pairs = zip(at.sources, back, strict=True)
        errors[name] = float(np.mean([mean_absolute_error(source, again) for source, again in pairs]))
    return errors
