from collections.abc import Callable
from copy import deepcopy
from functools import partial

import pytest
import torch
from torch import Tensor, nn

from training.optimisers import Optimisation, adam, linear_decay


@pytest.fixture(name="weight")
def _weight() -> nn.Parameter:
    return nn.Parameter(torch.ones(3))


def optimisation_of(weight: nn.Parameter, clip_norm: float = 1.0) -> Optimisation:
    return adam([weight], 0.1, (0.5, 0.999), partial(linear_decay, steps=10, decay_from=0.5), clip_norm)


@pytest.mark.parametrize(
    ("decay_from", "shares"),
    [
        (0.5, [1, 1, 1, 0.5, 0]),
        (0.0, [1, 0.75, 0.5, 0.25, 0]),
        (0.6, [1, 1, 1, 0.625, 0]),
        (1.0, [1, 1, 1, 1, 0]),
    ],
)
def test_rate_is_constant_then_linear_to_zero(decay_from: float, shares: list[float]) -> None:
    assert [linear_decay(step, 4, decay_from) for step in range(5)] == pytest.approx(shares)


def test_a_step_has_the_rate_of_its_number(weight: nn.Parameter) -> None:
    optimisation = optimisation_of(weight)
    moves = []
    for step in (0, 5, 8):
        before = weight.detach().clone()
        assert optimisation.descend(weight.sum(), step)
        moves.append((before - weight).mean().item())
    assert moves == pytest.approx(
        [0.1, 0.1, 0.04], rel=1e-4
    )  # of a constant gradient Adam's step is its rate


def test_a_large_gradient_is_clipped(weight: nn.Parameter) -> None:
    assert optimisation_of(weight, clip_norm=0.5).descend(1000 * weight.sum(), 0)
    assert weight.grad is not None
    assert weight.grad.norm().item() == pytest.approx(0.5, rel=1e-4)


def test_without_a_norm_to_clip_to_no_gradient_is_changed(weight: nn.Parameter) -> None:
    assert optimisation_of(weight, clip_norm=0).descend(1000 * weight.sum(), 0)
    assert weight.grad is not None
    assert weight.grad.tolist() == [1000.0] * 3


BROKEN: dict[str, Callable[[Tensor], Tensor]] = {
    "loss nan": lambda weight: weight.sum() * torch.nan,
    "loss infinite, gradient finite": lambda weight: weight.sum() + torch.inf,
    "gradient nan, loss finite": lambda weight: (weight - weight.detach()).abs().sqrt().sum(),
}


@pytest.mark.parametrize("loss", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("steps_before", [0, 1])
def test_a_broken_step_changes_nothing(
    weight: nn.Parameter, loss: Callable[[Tensor], Tensor], steps_before: int
) -> None:
    optimisation = optimisation_of(weight)
    for step in range(steps_before):
        optimisation.descend(weight.sum(), step)
    before = deepcopy((weight.detach(), optimisation.state_dict()))
    assert not optimisation.descend(loss(weight), steps_before)
    torch.testing.assert_close((weight.detach(), optimisation.state_dict()), before, rtol=0, atol=0)
    assert optimisation.descend(weight.sum(), steps_before)
    assert weight.isfinite().all()
