"""How well colour alone tells two domains apart.

Fisher's linear discriminant of a picture's colour statistics, w = (S + lambda I)^-1 (m_1 - m_2), S the mean
of the two covariances, learned from every other picture of either domain, and the area under the ROC curve of
the rest by it; then the other way round; their mean.

0.5: colour says nothing; 1: of any two pictures, one of each domain, it says which is which.
"""

from collections.abc import Sequence
from dataclasses import astuple

import numpy as np
from numpy.typing import NDArray

from training.doctor.measure import Colour
from training.roc import auroc

RIDGE = 1.0  # squared levels of 255: what differs by less is noise
MIN_PICTURES = 20  # of either domain: from ten and ten, what is learned is chance

Features = NDArray[np.float64]


def colour_auc(first: Sequence[Colour], second: Sequence[Colour]) -> float | None:
    """In [0, 1]; None of too few pictures."""
    if min(len(first), len(second)) < MIN_PICTURES:
        return None
    x, z = (np.array([astuple(colour) for colour in colours]) for colours in (first, second))
    areas = []
    for learned, judged in ((slice(0, None, 2), slice(1, None, 2)), (slice(1, None, 2), slice(0, None, 2))):
        direction = _discriminant(x[learned], z[learned])
        areas.append(auroc(x[judged] @ direction, z[judged] @ direction))
    return float(np.mean(areas))


def _discriminant(x: Features, z: Features) -> Features:
    spread = (np.cov(x.T) + np.cov(z.T)) / 2 + RIDGE * np.eye(x.shape[1])
    direction: Features = np.linalg.solve(spread, x.mean(axis=0) - z.mean(axis=0))
    return direction
