from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from torch import Tensor

from training.evaluation.bench import Bench, Remembered
from training.evaluation.evaluate import directions, looks_of_a_trial, run_trial
from training.evaluation.features import FeatureNetwork
from training.evaluation.figures import EvaluationProtocol, Lines
from training.evaluation.pictures import Pictures, pictures_in_memory
from translation.sampler import Sampler
from translation.weights import load_bundle


class Brightness:
    """Scores pictures of horses by how light they are, and those of zebras not at all."""

    calibrations = ("horse",)

    def __call__(self, picture: Tensor, domain: str) -> float:
        assert domain == "horse"
        return (float(picture.mean()) + 1) / 2


def grey(*levels: int) -> Pictures:
    return pictures_in_memory([Image.new("RGB", (32, 32), (level,) * 3) for level in levels])


def test_shares_are_of_the_sources_and_of_what_might_be_taken_for_them(
    sampler: Sampler, network: FeatureNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampler, "scorer", Brightness())
    ticks: list[int] = []
    horses, zebras = grey(255, 128, 5, 200), grey(0, 1, 100)
    bench = Bench(
        sampler,
        network,
        EvaluationProtocol(measures=("domain_score",)),
        Remembered(network),
        tick=ticks.append,
    )
    there, back = directions(sampler, (horses, zebras), None)
    assert run_trial(bench, there, 0) == {
        "domain_score": {"flagged": 1 / 4, "other_flagged": 2 / 3, "auroc": 11 / 12}
    }
    assert sum(ticks) == looks_of_a_trial(bench, there)
    assert run_trial(replace(bench, tick=lambda _: None), back, 0) == {}
    assert looks_of_a_trial(bench, back) == len(zebras)


def test_they_are_of_pictures_at_the_training_size(
    tiny_bundle: Path, test_pictures: tuple[Pictures, Pictures], network: FeatureNetwork
) -> None:
    bundle = load_bundle(tiny_bundle)

    def found(process_size: int) -> Lines:
        sampler = Sampler(bundle.model, 32, scorer=bundle.scorer, process_size=process_size)
        protocol = EvaluationProtocol(measures=("domain_score",))
        bench = Bench(sampler, network, protocol, Remembered(network))
        return run_trial(bench, directions(sampler, test_pictures, None)[0], 0)

    assert found(40) == found(32)
