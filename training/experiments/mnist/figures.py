"""The paper's three figures, and the loss terms over time, as PNG."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor

from training.experiments.mnist.networks import LatentModel
from translation.durable import replacing

SIDE = 28
GRID = 20
Z1, Z2 = (-1.0, 2.0), (0.0, -3.0)  # left to right, top to bottom: what the paper's figure spans
VIEW = (-4.0, 4.0), (-12.0, 2.0)  # all of the prior but about a thousandth


@torch.no_grad()
def draw_figures(
    folder: Path,
    model: LatentModel,
    x: Tensor,
    labels: Tensor,
    prior: Tensor,
    losses: Sequence[Mapping[str, float]],
) -> None:
    """prior, posterior, manifold and losses.png, from x (N, 784) with labels (N,) and prior (M, 2)."""
    _save(folder / "prior.png", _points(prior, "samples of the prior"))
    _save(
        folder / "posterior.png",
        _points(model.encoder.mean(x), "posterior means of test digits", labels.numpy()),
    )
    _save(folder / "manifold.png", _manifold(model))
    _save(folder / "losses.png", _losses(losses))


def _points(z: Tensor, title: str, labels: NDArray[np.uint8] | None = None) -> Figure:
    figure = Figure(figsize=(5, 5), layout="constrained")
    axes = figure.subplots()
    axes.set(title=title, xlabel="$z_1$", ylabel="$z_2$", xlim=VIEW[0], ylim=VIEW[1])
    first, second = z.T.numpy()
    drawn = axes.scatter(first, second, s=2, c=labels, cmap=None if labels is None else "tab10", linewidths=0)
    if labels is not None:
        drawn.set_clim(-0.5, 9.5)
        figure.colorbar(drawn, ticks=range(10))
    return figure


def _manifold(model: LatentModel) -> Figure:
    first, second = torch.linspace(*Z1, GRID), torch.linspace(*Z2, GRID)
    z = torch.cartesian_prod(second, first).flip(1)
    tiles = model.decoder(z).mean.reshape(GRID, GRID, SIDE, SIDE).transpose(1, 2)
    picture = tiles.reshape(GRID * SIDE, GRID * SIDE).numpy()
    figure = Figure(figsize=(6, 6), layout="constrained")
    axes = figure.subplots()
    extent = (*Z1, Z2[1], Z2[0])
    axes.imshow(picture, cmap="gray_r", extent=extent, aspect="auto")
    axes.set(title="means of p(x|z)", xlabel="$z_1$", ylabel="$z_2$")
    return figure


def _losses(losses: Sequence[Mapping[str, float]]) -> Figure:
    """One panel a term: their scales differ a hundredfold."""
    names = [name for name in losses[-1] if name != "step"]
    figure = Figure(figsize=(8, 1 + 1.5 * len(names)), layout="constrained")
    for axes, name in zip(figure.subplots(len(names), sharex=True, squeeze=False).flat, names, strict=True):
        axes.plot([each["step"] for each in losses], [each[name] for each in losses], linewidth=0.8)
        axes.set(ylabel=f"{name}\nnats")
    axes.set(xlabel="step")
    return figure


def _save(path: Path, figure: Figure) -> None:
    with replacing(path) as file:
        figure.savefig(file, dpi=100, format="png")
