"""Optimisers, their schedule, and the clipping that tells a broken gradient from a large one."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.optim import Adam, Optimizer
from torch.optim.lr_scheduler import LambdaLR


def linear_decay(optimiser: Optimizer, steps: int, decay_from: float) -> LambdaLR:
    """Constant for the share `decay_from` of the steps, then linear to zero: Zhu et al. (2017)."""
    constant = decay_from * steps
    return LambdaLR(
        optimiser, lambda step: 1.0 if step < constant else max(steps - step, 0) / (steps - constant)
    )


@dataclass(frozen=True)
class Optimisation:
    """One side's parameters, Adam and schedule: of the maps, or of the ratios."""

    parameters: tuple[nn.Parameter, ...]
    optimiser: Optimizer
    schedule: LambdaLR
    clip_norm: float

    def descend(self, loss: Tensor) -> bool:
        """One step down the gradient. False, and nothing changed, where loss or gradient is not finite."""
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        norm = nn.utils.clip_grad_norm_(self.parameters, self.clip_norm)
        if not torch.isfinite(norm + loss.detach()):
            self.optimiser.zero_grad(set_to_none=True)
            return False
        self.optimiser.step()
        return True

    def state_dict(self) -> dict[str, object]:
        return {"optimiser": self.optimiser.state_dict(), "schedule": self.schedule.state_dict()}

    def load_state_dict(self, state: dict[str, dict[str, object]]) -> None:
        self.optimiser.load_state_dict(state["optimiser"])
        self.schedule.load_state_dict(state["schedule"])


def adam(  # the whole of Adam's settings, once
    parameters: Iterator[nn.Parameter],
    rate: float,
    betas: tuple[float, float],
    steps: int,
    decay_from: float,
    clip_norm: float,
) -> Optimisation:
    trained = tuple(parameters)
    optimiser = Adam(trained, lr=rate, betas=betas)
    return Optimisation(trained, optimiser, linear_decay(optimiser, steps, decay_from), clip_norm)
