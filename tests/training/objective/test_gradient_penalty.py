"""What of a ratio is held still, and what its slope costs it."""

import pytest
import torch
from torch import Tensor, nn

from training.objective.ratios import FreeRatio, frozen, gradient_penalty


def test_frozen_ratio_passes_gradients_through_and_takes_none() -> None:
    network = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 1))
    network[0].requires_grad_(False)
    judged = torch.randn(4, 3, requires_grad=True)
    with frozen(network):
        network(judged).sum().backward()
    assert judged.grad is not None
    assert all(parameter.grad is None for parameter in network.parameters())
    assert [parameter.requires_grad for parameter in network.parameters()] == [False, False, True, True]


def test_ratio_thaws_after_a_failure() -> None:
    network = nn.Linear(3, 1)
    with pytest.raises(ZeroDivisionError), frozen(network):
        raise ZeroDivisionError
    assert all(parameter.requires_grad for parameter in network.parameters())


class Slopes(nn.Module):
    """A patch for each pixel, linear in it; what is given only shifts the patches."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([1.0, -2.0, 0.5]))

    def forward(self, judged: Tensor, given: Tensor) -> Tensor:
        return (judged * self.weight + given)[:, None, None, :]


def test_gradient_penalty_is_half_the_squared_slope_of_the_patches_mean() -> None:
    ratio = FreeRatio(Slopes())
    weight = ratio.get_parameter("network.weight")
    reference, given = torch.randn(2, 5, 3).requires_grad_()
    penalty = gradient_penalty(ratio, reference, given)
    torch.testing.assert_close(penalty, 0.5 * (weight / 3).square().sum())
    torch.testing.assert_close(torch.autograd.grad(penalty, weight)[0], weight / 9)
