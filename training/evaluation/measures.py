"""What can be measured of one direction under one seed: a table, of which a protocol chooses.

sample               one sample of each source picture, against the target's test pictures
mean                 the mean image of each, the same
untranslated         the source pictures as they are, the same: what doing nothing scores
real                 as many training pictures of the target, the same: what a perfect model would score
diversity            samples of one input, from one another (diversity.py)
cycle                a source picture, from what came back of it (cycle.py)
content, unrelated   a source picture, from its sample and from another one's (content.py)
bound                estimates by the model's own ratios (bounds.py)
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from training.evaluation.bench import Bench, Direction
from training.evaluation.bounds import bound
from training.evaluation.content import compared, content_of
from training.evaluation.cycle import cycle_errors, disturbances
from training.evaluation.diversity import diversity
from training.evaluation.domain_scores import domain_scores, is_scored
from training.evaluation.figures import Lines
from training.evaluation.pictures import MIN_PICTURES, Pictures
from training.evaluation.quality import quality
from training.evaluation.translations import mean_codes, translate
from training.evaluation.trial import Trial, returns

Measure: TypeAlias = Callable[[Bench, Direction, Trial], Lines]


@dataclass(frozen=True)
class Row:
    """`looks`: how many times a picture goes through a network, but for those that are remembered."""

    measure: Measure
    looks: Callable[[Bench, Direction], int]


def real_pictures(at: Direction, seed: int) -> Pictures | None:
    """As many of the target's training pictures as there are sources: their number moves a distance. None
    where there are too few that can be read."""
    drawn = at.train and at.train.drawn(len(at.sources), seed)
    return drawn if drawn is not None and len(drawn) >= MIN_PICTURES else None


def _sample(bench: Bench, at: Direction, trial: Trial) -> Lines:
    return {"sample": quality(bench, at, trial.features)}


def _mean(bench: Bench, at: Direction, trial: Trial) -> Lines:
    """Of a model without codes it is the sample."""
    size = bench.sampler.model.code_size
    if not size:
        return {}
    codes = mean_codes(len(at.sources), size)
    means = translate(bench.sampler, at.sources, at.target, codes, bench.tick)
    return {"mean": quality(bench, at, bench.network(means, bench.tick))}


def _untranslated(bench: Bench, at: Direction, trial: Trial) -> Lines:
    return {"untranslated": quality(bench, at, bench.reference_features(at.sources))}


def _real(bench: Bench, at: Direction, trial: Trial) -> Lines:
    real = real_pictures(at, trial.seed)
    return {} if real is None else {"real": quality(bench, at, bench.reference_features(real))}


def _diversity(bench: Bench, at: Direction, trial: Trial) -> Lines:
    return {"diversity": diversity(bench, at, trial.seed)} if bench.sampler.model.code_size else {}


def _cycle(bench: Bench, at: Direction, trial: Trial) -> Lines:
    return {"cycle": cycle_errors(trial.losses)} if returns(bench, at) else {}


def _content(bench: Bench, at: Direction, trial: Trial) -> Lines:
    sources = content_of(bench, at.sources.first(bench.protocol.inputs))
    own, other = compared(sources, trial.contents)
    return {"content": own, "unrelated": other}


def _bound(bench: Bench, at: Direction, trial: Trial) -> Lines:
    return {} if bench.judge is None else {"bound": bound(bench, at, bench.judge, trial.seed)}


def _domain_score(bench: Bench, at: Direction, trial: Trial) -> Lines:
    return {"domain_score": domain_scores(bench, at)} if is_scored(bench, at) else {}


def _inputs(bench: Bench, at: Direction) -> int:
    return min(bench.protocol.inputs, len(at.sources))


def _with_codes(bench: Bench, looks: int) -> int:
    return looks if bench.sampler.model.code_size else 0


def _cycle_looks(bench: Bench, at: Direction) -> int:
    return len(disturbances(bench.protocol.noises)) * len(at.sources) if returns(bench, at) else 0


def _score_looks(bench: Bench, at: Direction) -> int:
    return len(at.sources) + len(at.references) if is_scored(bench, at) else 0


def _nothing(bench: Bench, at: Direction) -> int:
    return 0


MEASURES: Mapping[str, Row] = {
    "sample": Row(_sample, lambda bench, at: len(at.sources)),
    "mean": Row(_mean, lambda bench, at: _with_codes(bench, 2 * len(at.sources))),
    "untranslated": Row(_untranslated, _nothing),
    "real": Row(_real, _nothing),
    "diversity": Row(
        _diversity, lambda bench, at: _with_codes(bench, 2 * bench.protocol.samples * _inputs(bench, at))
    ),
    "cycle": Row(_cycle, _cycle_looks),
    "content": Row(_content, lambda bench, at: 2 * _inputs(bench, at)),
    "domain_score": Row(_domain_score, _score_looks),
    "bound": Row(_bound, lambda bench, at: 0 if bench.judge is None else len(at.sources)),
}
