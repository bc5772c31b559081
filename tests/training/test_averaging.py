"""What the average of the weights remembers, and for how long."""

import pytest
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from training.averaging import growing_average


def averaged(decay: float, values: list[float]) -> Tensor:
    """Of one weight that has these values after the steps."""
    module = nn.Linear(1, 1, bias=False)
    average = AveragedModel(module, multi_avg_fn=growing_average(decay))
    for value in values:
        nn.init.constant_(module.weight, value)
        average.update_parameters(module)
    weight: Tensor = average.module.weight
    return weight.detach().double().squeeze()


@pytest.mark.parametrize("decay", [0.995, 0.999, 0.9999])
def test_a_short_run_forgets_where_it_began(decay: float) -> None:
    assert averaged(decay, [1.0] + 99 * [0.0]) == pytest.approx(6 / (100 * 101 * 102), rel=1e-3)


def test_a_long_one_forgets_at_the_pace_of_its_decay() -> None:
    begun = [1.0] * 1000
    first, second = averaged(0.98, begun + 20 * [0.0]), averaged(0.98, begun + 40 * [0.0])
    assert first == pytest.approx(0.98**20, rel=1e-4)
    assert second / first == pytest.approx(0.98**20, rel=1e-4)


def test_without_a_decay_it_is_the_last_state() -> None:
    assert averaged(0.0, [1.1, 2.7, 0.3]) == pytest.approx(0.3)
