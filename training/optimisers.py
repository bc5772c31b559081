"""Adam, its rate as a function of the step, and clipping that tells a broken gradient from a large one."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Adam, Optimizer

from training.distributed import ALONE, Processes


def linear_decay(step: int, steps: int, decay_from: float) -> float:
    """1 for the share `decay_from` of the steps, then linear to 0 at `steps`: Zhu et al. (2017)."""
    return min(1.0, (steps - step) / max((1 - decay_from) * steps, 1.0))


@dataclass(frozen=True)
class Optimisation:
    """One side's parameters and optimiser, of the maps or of the ratios; `rate` of step 0, 1, ...

    The norm of the gradient of both directions together is clipped at `clip_norm`; 0: it is left alone.
    """

    parameters: tuple[nn.Parameter, ...]
    optimiser: Optimizer
    rate: Callable[[int], float]
    clip_norm: float

    def descend(self, loss: Tensor, step: int) -> bool:
        """One step down the gradient. False, and nothing changed, where loss or gradient is not finite."""
        descent = self.descent()
        descent.add(loss)
        return descent.take(step)

    def descent(self) -> "Descent":
        """A step that begins: forgets the gradient of the one before."""
        self.optimiser.zero_grad(set_to_none=True)
        return Descent(self)

    def state_dict(self) -> dict[str, Any]:
        return {"optimiser": self.optimiser.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        saved = state["optimiser"]
        here = {"fused": self.optimiser.defaults["fused"]}  # as the device, whichever it was saved on
        self.optimiser.load_state_dict(saved | {"param_groups": [g | here for g in saved["param_groups"]]})


@dataclass
class Descent:
    """One step, down the gradient of a loss that is the sum of its parts: of a batch, and of processes.

    `norm` is that of the whole gradient, before it is clipped; 0 until it is taken.
    """

    optimisation: Optimisation
    loss: Tensor | None = None
    norm: Tensor = field(default_factory=lambda: torch.zeros(()))

    def add(self, loss: Tensor) -> None:
        """A part of the loss; what its graph held is free again when this returns."""
        loss.backward()  # type: ignore[no-untyped-call]
        self.loss = loss.detach() if self.loss is None else self.loss + loss.detach()

    def take(self, step: int, processes: Processes = ALONE) -> bool:
        """False, and nothing changed, where loss or gradient is not finite: in every process or in none."""
        assert self.loss is not None
        side = self.optimisation
        processes.sum_([*(weight.grad for weight in side.parameters if weight.grad is not None), self.loss])
        self.norm = nn.utils.clip_grad_norm_(side.parameters, side.clip_norm or math.inf).detach()
        if not torch.isfinite(self.norm + self.loss):
            side.optimiser.zero_grad(set_to_none=True)
            return False
        for group in side.optimiser.param_groups:
            group["lr"] = side.rate(step)
        side.optimiser.step()
        return True


def adam(
    parameters: Iterable[nn.Parameter],
    rate: float,
    betas: tuple[float, float],
    decay: Callable[[int], float],
    clip_norm: float,
) -> Optimisation:
    """`decay` is the share of `rate` at step 0, 1, ..."""
    trained = tuple(parameters)
    optimiser = Adam(trained, rate, betas, fused=trained[0].is_cuda)
    return Optimisation(trained, optimiser, lambda step: rate * decay(step), clip_norm)
