"""The average of the maps' weights: exponential, over a window that grows with the run until it is whole.

With the same decay from the first step on, the weights of that step would still be a third of an average of
decay .999 after 1,000 steps: a short run would deliver what it began with.
"""

from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Tensor

Tensors: TypeAlias = tuple[Tensor, ...] | list[Tensor]
GROWTH = 3.0  # after n steps the window is n / 3 at most, and what the first step weighs falls as 1 / n³


def growing_average(decay: float) -> Callable[[Tensors, Tensors, Tensor | int], None]:
    """For torch.optim.swa_utils.AveragedModel, which calls it from the second step on with the average, the
    weights and how many are in the average. `decay` a step, in [0, 1), once the window is whole.
    """

    @torch.no_grad()
    def update(averaged: Tensors, current: Tensors, count: Tensor | int) -> None:
        share = torch.clamp(GROWTH / (GROWTH + torch.as_tensor(count)), min=1 - decay)
        difference = torch._foreach_sub(current, averaged)
        torch._foreach_mul_(difference, share)
        torch._foreach_add_(averaged, difference)

    return update
