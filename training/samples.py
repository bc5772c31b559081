"""What a model makes of a few pictures: a grid to look at, and how far its samples lie apart."""

import torch
from torch import Tensor
from torchvision.utils import make_grid

from training.dataset import Batch
from translation.model import StochasticMap, TranslationModel, draw_code


@torch.inference_mode()
def sample_grid(model: TranslationModel, batch: Batch, samples: int) -> Tensor:
    """(3, H, W) in [0, 1]: a row a picture, first of x, then of z.

    A row is the picture, its `samples` translations under codes 0, 1, ..., and the first one translated back.
    The codes are the same every time and leave the global random state alone.
    """
    observed, latent = model.domains
    device = next(model.parameters()).device
    rows = [_row(model, x, latent, samples) for x in batch.x.to(device)[:, None]]
    rows += [_row(model, z, observed, samples) for z in batch.z.to(device)[:, None]]
    grid: Tensor = make_grid(torch.cat(rows).cpu() / 2 + 0.5, nrow=samples + 2)
    return grid


def _row(model: TranslationModel, picture: Tensor, to: str, samples: int) -> Tensor:
    conditional = model.conditional(to)
    codes = _codes(conditional, samples, seed=0).to(picture.device)
    translated = conditional(picture.expand(samples, -1, -1, -1), codes).mean
    back = model.conditional(model.source_of(to))(translated[:1], torch.zeros_like(codes[:1])).mean
    return torch.cat([picture, translated, back])


@torch.no_grad()
def code_spread(conditional: StochasticMap, source: Tensor) -> Tensor:
    """The standard deviation of a pixel over the noise code, on the scale of [-1, 1]; a scalar.

    From two codes for each source (B, 3, H, W), the same ones every time: zero where the codes have died.
    """
    means = [
        conditional(source, _codes(conditional, len(source), seed).to(source.device)).mean for seed in (0, 1)
    ]
    spread: Tensor = ((means[0] - means[1]).square().mean() / 2).sqrt()
    return spread


def _codes(conditional: StochasticMap, count: int, seed: int) -> Tensor:
    return torch.stack([draw_code(seed, index, conditional.code_size) for index in range(count)])
