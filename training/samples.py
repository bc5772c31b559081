"""What a model makes of a few held-out pictures, as one grid to look at."""

import torch
from torch import Tensor
from torchvision.utils import make_grid

from training.dataset import Batch
from translation.model import TranslationModel, draw_code


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
    codes = torch.stack([draw_code(0, index, model.code_size) for index in range(samples)])
    codes = codes.to(picture.device)
    translated = model.conditional(to)(picture.expand(samples, -1, -1, -1), codes).mean
    back = model.conditional(model.source_of(to))(translated[:1], torch.zeros_like(codes[:1])).mean
    return torch.cat([picture, translated, back])
