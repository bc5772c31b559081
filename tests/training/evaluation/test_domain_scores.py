import numpy as np
import pytest

from training.evaluation.bench import Bench, Remembered
from training.evaluation.domain_scores import auroc, domain_scores
from training.evaluation.evaluate import directions, looks_of_a_trial
from training.evaluation.features import FeatureNetwork
from training.evaluation.figures import Protocol
from training.evaluation.pictures import Pictures
from translation.sampler import Sampler


@pytest.mark.parametrize(
    ("own", "other", "expected"),
    [([0.9, 0.8], [0.1, 0.2, 0.3], 1), ([0.1], [0.4, 0.4], 0), ([0.5, 0.5], [0.5], 0.5), ([1, 3], [2], 0.5)],
)
def test_the_area_counts_ties_for_a_half(own: list[float], other: list[float], expected: float) -> None:
    assert auroc(np.array(own), np.array(other)) == expected


def test_shares_are_of_the_scores_that_an_upload_gets(
    sampler: Sampler, test_pictures: tuple[Pictures, Pictures], network: FeatureNetwork
) -> None:
    ticks: list[int] = []
    protocol = Protocol(measures=("domain_score",))
    bench = Bench(sampler, network, protocol, Remembered(network), tick=ticks.append)
    there, _ = directions(sampler, test_pictures, None)
    found = domain_scores(bench, there)
    own, other = (
        [sampler.score(sampler.fit(each), "horse") for each in pictures] for pictures in test_pictures
    )
    assert found["flagged"] == np.mean([score <= 0.05 for score in own])
    assert found["other_flagged"] == np.mean([score <= 0.05 for score in other])
    assert found["auroc"] == auroc(np.array(own), np.array(other))
    assert len(there.sources) + sum(ticks) == looks_of_a_trial(bench, there)
