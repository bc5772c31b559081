"""Whether the bundle's domain scores mean what they say, and tell the one domain from the other.

`flagged` is the share of test pictures of the source domain whose score is up to LEVEL. For a calibrated
bundle it is about LEVEL, up to the chance of the held-out set; calibration promises no more. `other_flagged`
is the same share of the target domain's pictures, scored as if they were of the source domain, and `auroc`
the chance that one of the source's has the higher score.
"""

import numpy as np

from training.evaluation.bench import Bench, Direction
from training.evaluation.features import Array
from training.evaluation.figures import Line
from training.evaluation.pictures import Pictures
from training.roc import auroc

LEVEL = 0.05


def is_scored(bench: Bench, at: Direction) -> bool:
    return at.source in bench.sampler.scorer.calibrations


def domain_scores(bench: Bench, at: Direction) -> Line:
    """flagged, other_flagged and auroc, of all sources and references, where the source domain is scored."""
    own, other = (_scores(bench, at.source, pictures) for pictures in (at.sources, at.references))
    return {
        "flagged": float((own <= LEVEL).mean()),
        "other_flagged": float((other <= LEVEL).mean()),
        "auroc": auroc(own, other),
    }


def _scores(bench: Bench, domain: str, pictures: Pictures) -> Array:
    found = []
    for image in pictures:
        found.append(bench.sampler.score(bench.sampler.fit(image, bench.sampler.training_size), domain))
        bench.tick(1)
    return np.array(found, np.float64)
