import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from tiny_architecture import TINY_ARCHITECTURE

from training.evaluation.bench import Bench
from training.evaluation.evaluate import (
    Remembered,
    directions,
    evaluate,
    look_at_references,
    looks_of_a_trial,
    run_trial,
)
from training.evaluation.features import FeatureNetwork
from training.evaluation.figures import BadProtocol, DirectionFigures, Evaluation, EvaluationProtocol
from training.evaluation.measures import MEASURES
from training.evaluation.pictures import Pictures, pictures_in_memory
from training.evaluation.sheet import contact_sheet
from translation.sampler import Sampler

Pair = tuple[Pictures, Pictures]

CLASSES = {"zebra": 0, "horse": 2}
PROTOCOL = EvaluationProtocol(seeds=(0, 1), samples=3, inputs=2, noises=(0.2,), classes=CLASSES)


@pytest.fixture(scope="module")
def evaluation(
    sampler: Sampler, test_pictures: Pair, train_pictures: Pair, network: FeatureNetwork
) -> Evaluation:
    return evaluate(sampler, test_pictures, network, PROTOCOL, train_pictures)


@pytest.fixture(scope="module")
def there(evaluation: Evaluation) -> DirectionFigures:
    return evaluation.directions[0]


def mean(direction: DirectionFigures, line: str, figure: str) -> float:
    return direction.lines[line][figure].mean


def test_both_directions_have_every_line(evaluation: Evaluation) -> None:
    assert [(one.source, one.target) for one in evaluation.directions] == [
        ("horse", "zebra"),
        ("zebra", "horse"),
    ]
    assert [(one.pictures, one.references) for one in evaluation.directions] == [(7, 9), (9, 7)]
    lines = {*MEASURES, "unrelated"} - {"bound"}  # it has no judge
    assert all(set(one.lines) == lines for one in evaluation.directions)


def test_real_pictures_are_nearer_to_the_references_than_the_other_domain_is(there: DirectionFigures) -> None:
    for figure in ("frechet", "kernel"):
        assert mean(there, "real", figure) < mean(there, "untranslated", figure)
    assert mean(there, "real", "top1") > mean(there, "untranslated", "top1")


def test_what_does_not_depend_on_noise_is_the_same_for_all_seeds(there: DirectionFigures) -> None:
    for line in ("mean", "untranslated"):
        assert there.lines[line]["frechet"].std == 0
    assert there.lines["sample"]["frechet"].std > 0
    assert there.lines["real"]["frechet"].std > 0  # another draw of the training pictures


def test_an_evaluation_is_the_same_every_time_and_leaves_the_random_state_alone(
    evaluation: Evaluation,
    sampler: Sampler,
    test_pictures: Pair,
    train_pictures: Pair,
    network: FeatureNetwork,
) -> None:
    before = torch.get_rng_state()
    again = evaluate(sampler, test_pictures, network, PROTOCOL, train_pictures)
    assert torch.equal(torch.get_rng_state(), before)
    assert again.as_json() == evaluation.as_json()


def test_a_cycle_loses_more_where_the_translation_is_disturbed(there: DirectionFigures) -> None:
    plain, noisy = mean(there, "cycle", "plain"), mean(there, "cycle", "noise_0.2")
    assert 0 < plain < noisy < 255


def test_a_model_without_codes_has_no_samples_to_compare(
    sampler: Sampler, test_pictures: Pair, network: FeatureNetwork
) -> None:
    architecture = TINY_ARCHITECTURE
    plain = architecture.model_copy(
        update={"generator": architecture.generator.model_copy(update={"code_size": 0})}
    )
    with torch.random.fork_rng():
        model = plain.build_model(("horse", "zebra"))
    found = evaluate(Sampler(model, 32), test_pictures, network, replace(PROTOCOL, classes=None))
    assert set(found.directions[0].lines) == {"sample", "untranslated", "cycle", "content", "unrelated"}
    assert "top1" not in found.directions[0].lines["sample"]
    assert found.directions[0].lines["sample"]["frechet"].std == 0


def test_a_model_of_one_way_is_measured_that_way(test_pictures: Pair, network: FeatureNetwork) -> None:
    with torch.random.fork_rng():
        model = TINY_ARCHITECTURE.build_model(("horse", "zebra"), one_way=True)
    bench = Bench(Sampler(model, 32), network, PROTOCOL, Remembered(network))
    (there,) = directions(bench.sampler, test_pictures, None)
    found = evaluate(bench.sampler, test_pictures, network, PROTOCOL)
    assert [(one.source, one.target) for one in found.directions] == [("horse", "zebra")]
    assert "cycle" not in found.directions[0].lines
    assert contact_sheet(bench, there).rows[0].back is None


def test_equal_sets_on_both_sides_are_at_no_distance(sampler: Sampler, network: FeatureNetwork) -> None:
    images = [Image.new("RGB", (32, 32), colour) for colour in ("red", "green", "blue")]
    same = pictures_in_memory(images)
    found = evaluate(sampler, (same, same), network, PROTOCOL)
    assert mean(found.directions[0], "untranslated", "frechet") == pytest.approx(0, abs=1e-9)


def test_features_of_fixed_pictures_are_computed_once(
    sampler: Sampler, test_pictures: Pair, network: FeatureNetwork
) -> None:
    counted: list[int] = []
    store = Remembered(network, tick=counted.append)
    for _ in range(2):
        evaluate(sampler, test_pictures, network, PROTOCOL, reference_features=store)
    assert sum(counted) == 7 + 9


def test_a_trial_says_beforehand_how_many_looks_it_takes(
    sampler: Sampler, test_pictures: Pair, network: FeatureNetwork
) -> None:
    counted: list[int] = []
    bench = Bench(sampler, network, PROTOCOL, Remembered(network), tick=counted.append)
    both = directions(sampler, test_pictures, None)
    look_at_references(bench, both)
    run_trial(bench, both[0], seed=0)
    assert sum(counted) == looks_of_a_trial(bench, both[0])


def test_only_what_is_asked_for_is_measured(
    sampler: Sampler, test_pictures: Pair, network: FeatureNetwork
) -> None:
    assert EvaluationProtocol().measures == tuple(MEASURES)
    found = evaluate(sampler, test_pictures, network, replace(PROTOCOL, measures=("sample",)))
    assert [set(one.lines) for one in found.directions] == [{"sample"}, {"sample"}]


@pytest.mark.parametrize("classes", [{"zebra": 3}, {"horse": -1}])
def test_a_class_that_the_network_does_not_know_is_refused(
    classes: dict[str, int], sampler: Sampler, test_pictures: Pair, network: FeatureNetwork
) -> None:
    with pytest.raises(BadProtocol, match="colours tells 3 classes apart"):
        evaluate(sampler, test_pictures, network, replace(PROTOCOL, classes=classes))


@pytest.mark.parametrize(
    "asked",
    [
        *({"seeds": ()}, {"samples": 1}, {"inputs": 1}, {"measures": ("beauty",)}),
        *({"noises": (0.1, -0.1)}, {"noises": (math.nan,)}, {"noises": (math.inf,)}),
    ],
    ids=str,
)
def test_a_protocol_that_measures_nothing_is_refused(asked: dict[str, Any]) -> None:
    with pytest.raises(BadProtocol):
        EvaluationProtocol(**asked)


def test_scalars_are_named_by_direction_line_and_figure(evaluation: Evaluation) -> None:
    scalars = evaluation.scalars()
    assert scalars["zebra_to_horse/sample/frechet"] == mean(evaluation.directions[1], "sample", "frechet")
    assert all(isinstance(value, float) for value in scalars.values())


def test_json_has_no_number_that_is_none(evaluation: Evaluation) -> None:
    figure = evaluation.directions[0].lines["sample"]["kernel_std"]
    assert figure.as_json()["seeds"] == [value if math.isfinite(value) else None for value in figure.values]
    assert np.isfinite(figure.mean) or figure.as_json()["mean"] is None
