"""A model measured in both directions, or in the one that it has, on pictures that it has not seen.

`evaluate` is all that a training loop or an experiment needs; its parts can be called one by one.
"""

from collections.abc import Iterable, Sequence

from training.evaluation.bench import Bench, Direction, Judge, Remembered, Store
from training.evaluation.features import FeatureNetwork, Tick
from training.evaluation.figures import (
    BadProtocol,
    DirectionFigures,
    Evaluation,
    EvaluationProtocol,
    Lines,
    over_seeds,
)
from training.evaluation.measures import MEASURES, real_pictures
from training.evaluation.pictures import Pictures
from training.evaluation.trial import begin_trial
from translation.sampler import Sampler

COMPARED = ("sample", "mean", "untranslated", "real")  # measures that hold pictures against the references

__all__ = ["Judge", "EvaluationProtocol", "Remembered", "evaluate"]


def evaluate(
    sampler: Sampler,
    test: tuple[Pictures, Pictures],
    network: FeatureNetwork,
    protocol: EvaluationProtocol,
    train: tuple[Pictures, Pictures] | None = None,
    reference_features: Store | None = None,
    judge: Judge | None = None,
    tick: Tick = lambda pictures: None,
) -> Evaluation:
    """Every direction of the sampler's model. `test` and `train` are of (first, second) domain.

    `reference_features`, a Remembered, spares a second evaluation what it has in common with the first;
    without a judge there are no bounds. Raises BadDataset, BadProtocol.
    """
    store = reference_features or Remembered(network, tick=tick)
    bench = Bench(sampler, network, protocol, store, judge, tick)
    both = directions(sampler, test, train)
    look_at_references(bench, both)
    return summed_up(bench, [(at, [run_trial(bench, at, seed) for seed in protocol.seeds]) for at in both])


def directions(
    sampler: Sampler, test: tuple[Pictures, Pictures], train: tuple[Pictures, Pictures] | None
) -> tuple[Direction, ...]:
    """Those that the model has."""
    first, second = sampler.model.domains
    both = (
        Direction(first, second, test[0], test[1], train and train[1]),
        Direction(second, first, test[1], test[0], train and train[0]),
    )
    return tuple(at for at in both if at.target in sampler.model.targets)


def look_at_references(bench: Bench, both: Sequence[Direction]) -> None:
    """Looks first at what is the same for every model. Raises BadProtocol where the network does not fit."""
    for at in both:
        _check_class(bench, at)
    for at in both:
        for pictures in references(bench, at):
            bench.reference_features(pictures)


def _check_class(bench: Bench, at: Direction) -> None:
    index = (bench.protocol.classes or {}).get(at.target)
    if index is None:
        return
    logits = bench.network(at.references.first(1)).logits
    if logits is None or not 0 <= index < logits.shape[1]:
        count = "no classes" if logits is None else f"{logits.shape[1]} classes"
        raise BadProtocol(f"{at.target}={index}: {bench.network.name} tells {count} apart")


def references(bench: Bench, at: Direction) -> list[Pictures]:
    """The sets of pictures that are looked at as they are."""
    if not {*COMPARED} & {*bench.protocol.measures}:
        return []
    real = [real_pictures(at, seed) for seed in bench.protocol.seeds if "real" in bench.protocol.measures]
    untranslated = [at.sources] if "untranslated" in bench.protocol.measures else []
    return [at.references, *untranslated, *(pictures for pictures in real if pictures is not None)]


def run_trial(bench: Bench, at: Direction, seed: int) -> Lines:
    """Everything that the protocol asks of one direction under one seed."""
    trial = begin_trial(bench, at, seed)
    lines: Lines = {}
    for name in bench.protocol.measures:
        lines = {**lines, **MEASURES[name].measure(bench, at, trial)}
    return lines


def looks_of_a_trial(bench: Bench, at: Direction) -> int:
    """How many pictures its `tick` is going to count."""
    return len(at.sources) + sum(MEASURES[name].looks(bench, at) for name in bench.protocol.measures)


def summed_up(bench: Bench, trials_by_direction: Iterable[tuple[Direction, list[Lines]]]) -> Evaluation:
    """The trials of each direction, one for each seed."""
    figures = (
        DirectionFigures(at.source, at.target, len(at.sources), len(at.references), over_seeds(trials))
        for at, trials in trials_by_direction
    )
    network = bench.network
    return Evaluation(
        bench.protocol, network.frechet_name, network.kernel_name, network.digest, tuple(figures)
    )
