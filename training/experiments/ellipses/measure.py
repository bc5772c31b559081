"""What is free and what is not, measured apart: in grey levels of 255, the mean of pixels and channels.

    stripes      the share of an ellipse's pixels that are black or white
    diversity    the standard deviation, inside the ellipse, over samples of one picture
    background   mean absolute error outside of it
    cycle        mean absolute error of source -> target -> source, both under the mean image's code
    told         the same with the code inferred from the source: what is left once free things are known

`truth` has the same of the scenes' own pictures: the figures to come near to.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from training.experiments.ellipses.pictures import DOMAINS, Scene, scenes
from translation.codec import fit_short_side, resize, to_tensor
from translation.model import TranslationModel, draw_code

BLACK, WHITE = 50, 205
SAMPLES = 8
SCENES = 60
TEST_SEED = 1_000_000  # no training's
EDGE = 2  # pixels around the ellipse that count as neither


@dataclass(frozen=True)
class Measured:
    """Scenes with their pictures of both domains, `drawn` (SAMPLES, N, 3, H, W) by domain, in [-1, 1], and
    masks (N, 1, H, W) of what is well inside and well outside."""

    drawn: Mapping[str, Tensor]
    inside: Tensor
    outside: Tensor

    @classmethod
    def scenes(cls, size: int, count: int = SCENES) -> "Measured":
        drawn: dict[str, list[Tensor]] = {name: [] for name in DOMAINS}
        inside = []
        for _, (scene, random) in zip(range(count), scenes(TEST_SEED), strict=False):
            for name in DOMAINS:
                some = [_image(getattr(scene, name)(random), size) for _ in range(SAMPLES)]
                drawn[name].append(torch.cat(some))
            inside.append(_mask(scene, size))
        masks = torch.stack(inside)[:, None]
        grown, shrunk = (_grown(mask) for mask in (masks, 1 - masks))
        stacked = {name: torch.stack(some, 1) for name, some in drawn.items()}
        return cls(stacked, inside=shrunk == 0, outside=grown == 0)

    def truth(self) -> dict[str, float]:
        figures: dict[str, float] = {}
        for name in DOMAINS:
            figures |= self._of(name, self.drawn[name], self.drawn[name][0])
        return figures

    @torch.inference_mode()
    def __call__(self, model: TranslationModel, seed: int) -> dict[str, float]:
        figures: dict[str, float] = {}
        for source, target in (DOMAINS, DOMAINS[::-1]):
            pictures = self.drawn[source][0]
            samples = torch.stack([_translated(model, target, pictures, seed, n) for n in range(SAMPLES)])
            between = model.conditional(target)(pictures, _no_code(model, pictures)).mean
            back = model.conditional(source)
            plain = back(between, _no_code(model, pictures)).mean
            figures |= self._of(target, samples, pictures) | {f"cycle_{source}": _error(plain, pictures)}
            if model.code_size:
                told = back(between, back.infer_code(pictures, between)).mean
                figures[f"told_{source}"] = _error(told, pictures)
        return figures

    def _of(self, target: str, samples: Tensor, pictures: Tensor) -> dict[str, float]:
        """`samples` (SAMPLES, N, 3, H, W), each of which shows a scene of `pictures`."""
        inside, outside = (mask.expand_as(samples[0]) for mask in (self.inside, self.outside))
        levels = (samples + 1) * 127.5
        striking = (levels < BLACK).all(2) | (levels > WHITE).all(2)
        error = (samples - pictures).abs() * 127.5
        return {
            f"stripes_{target}": float(striking[:, self.inside[:, 0]].float().mean()),
            f"diversity_{target}": float(levels.std(0)[inside].mean()),
            f"background_{target}": float(error[:, outside].mean()),
        }


def _translated(model: TranslationModel, to: str, pictures: Tensor, seed: int, index: int) -> Tensor:
    """Each picture under a code of its own."""
    codes = [draw_code(seed + row, index, model.code_size) for row in range(len(pictures))]
    mean: Tensor = model.conditional(to)(pictures, torch.stack(codes)).mean
    return mean


def _no_code(model: TranslationModel, pictures: Tensor) -> Tensor:
    return torch.zeros(len(pictures), model.code_size)


def _error(found: Tensor, wanted: Tensor) -> float:
    return float((found - wanted).abs().mean() * 127.5)


def _image(picture: Image.Image, size: int) -> Tensor:
    return to_tensor(fit_short_side(picture, size))


def _mask(scene: Scene, size: int) -> Tensor:
    """(size, size) of 0 and 1."""
    whole = Image.fromarray((scene.inside() * 255).astype(np.uint8))
    return torch.from_numpy(np.asarray(resize(whole, (size, size))) > 127).float()


def _grown(mask: Tensor) -> Tensor:
    return torch.nn.functional.max_pool2d(mask, 2 * EDGE + 1, 1, EDGE)
