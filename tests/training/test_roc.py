import tracemalloc

import numpy as np
import pytest

from training.roc import auroc


@pytest.mark.parametrize(
    ("own", "other", "expected"),
    [([0.9, 0.8], [0.1, 0.2, 0.3], 1), ([0.1], [0.4, 0.4], 0), ([0.5, 0.5], [0.5], 0.5), ([1, 3], [2], 0.5)],
)
def test_the_area_counts_ties_for_a_half(own: list[float], other: list[float], expected: float) -> None:
    assert auroc(np.array(own), np.array(other)) == expected


def test_the_area_of_many_scores_takes_no_table_of_all_pairs() -> None:
    own, other = np.random.default_rng(0).integers(0, 20, (2, 2000)) / 20
    expected = float((own[:, None] > other).mean() + 0.5 * (own[:, None] == other).mean())
    tracemalloc.start()
    found = auroc(own, other)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found == pytest.approx(expected)
    assert peak_bytes < 2000 * 2000
