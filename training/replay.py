"""A pool of past draws for the ratios to go on learning from, so that the maps cannot run in circles.

Shrivastava et al. (2017), https://arxiv.org/abs/1612.07828, section 2.3; as Zhu et al. (2017) have it: while
the pool of `size` pairs fills, every draw is used and kept; from then on, half of the draws are used and
forgotten, and in the place of each of the others one of the pool is used, which it replaces.

With it a ratio is not that of the present model. Its draws come from a mixture of the maps of the last steps,
q'(z|x) = mean_s q_s(z|x), half of them from the present one, so that log r estimates log q'/p*. A mixture is
wider than its parts, so that the KL terms come out too low. For pictures, whose KL terms are no divergences
anyway, the steadiness is worth it; where the ratio is the result, it is not. Pairs are kept whole, a draw
with what it was drawn given. Recombined they would be samples of the product of marginals, which a
conditional ratio compares with.
"""

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from training.objective.joints import Joint
from training.objective.sjmvi import Draws


class PairPool:
    """At most `size` pairs of (judged, given), where the draws are; chosen by torch's CPU generator."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._judged: list[Tensor] = []
        self._given: list[Tensor] = []

    def __call__(self, joint: Joint) -> Joint:
        """The joint with some of its pairs exchanged for past ones. For ratios that learn from pairs alone:
        the density is still the present draws'."""
        pairs = [self._exchange(*pair) for pair in zip(joint.judged.detach(), joint.given, strict=True)]
        judged, given = zip(*pairs, strict=True)
        return replace(joint, judged=torch.stack(judged), given=torch.stack(given))

    def state_dict(self) -> dict[str, Any]:
        return {"judged": list(self._judged), "given": list(self._given)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._judged, self._given = list(state["judged"]), list(state["given"])

    def _exchange(self, judged: Tensor, given: Tensor) -> tuple[Tensor, Tensor]:
        if len(self._judged) < self.size:
            self._judged.append(judged.clone())  # a view would keep its whole batch alive
            self._given.append(given.clone())
            return judged, given
        if torch.rand(()) < 0.5:
            return judged, given
        place = int(torch.randint(self.size, ()))
        past = self._judged[place].to(judged.device), self._given[place].to(given.device)
        self._judged[place], self._given[place] = judged.clone(), given.clone()
        return past


class Replay:
    """A pool for either joint; without one, where `size` is 0, draws pass as they are."""

    def __init__(self, size: int = 0) -> None:
        self._size = size
        self._pools = {"q": PairPool(size), "p": PairPool(size)} if size else {}

    def __call__(self, draws: Draws) -> Draws:
        """`draws` without a graph; their references as they are."""
        if not self._pools:
            return draws
        return replace(draws, q=self._pools["q"](draws.q), p=self._pools["p"](draws.p))

    def nbytes(self, side: int) -> int:
        """Of its pools when they are full of pairs of pictures of that side, pixels."""
        pair = 2 * 3 * side**2 * torch.float32.itemsize
        return len(self._pools) * self._size * pair

    def state_dict(self) -> dict[str, Any]:
        return {name: pool.state_dict() for name, pool in self._pools.items()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        for name, pool in self._pools.items():
            pool.load_state_dict(state[name])
