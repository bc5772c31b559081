"""The area under the ROC curve, by ranks: Hanley and McNeil (1982).

AUROC = P(a > b) + P(a = b) / 2,    a and b one of either sample
"""

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


def auroc(own: Values, other: Values) -> float:
    """How often one of `own` (N,) is above one of `other` (M,), a tie for a half."""
    ordered = np.sort(other)
    below = np.searchsorted(ordered, own, "left") + np.searchsorted(ordered, own, "right")
    return float(below.mean() / (2 * len(other)))
