from dataclasses import replace

import pytest

from training.config import BadRecipe
from training.experiments.mnist.budget import Budget, load_budget


def test_a_value_takes_the_place_of_the_published_one() -> None:
    assert load_budget() == Budget()
    weights = replace(Budget().weights, nelp=1)
    assert load_budget(["steps=20", "weights.nelp=1"]) == Budget(steps=20, weights=weights)


@pytest.mark.parametrize(
    "override",
    ["stepz=3", "steps=many", "weights.nell", "weights.nope=1", "steps=0", "maps_rate=-1", "conditioning=2"],
)
def test_a_wrong_value_is_refused_by_name(override: str) -> None:
    with pytest.raises(BadRecipe, match=override.split("=")[0].split(".")[-1]):
        load_budget([override])


@pytest.mark.parametrize(
    "override", ["weights.code=2", "weights.ratio=0.5", "weights.identity=1", "weights.code_recovery=0.1"]
)
def test_a_weight_of_nothing_is_refused(override: str) -> None:
    with pytest.raises(BadRecipe, match=f"{override.split('=')[0]} has no part"):
        load_budget([override])
