"""Pictures translated as the service translates them: at the process size, blended at their own, 8 bits.

A picture's noise is that of `sjmvi translate --seed S` for the file of its name, which makes what was
measured again.
"""

from collections.abc import Iterable, Iterator, Sequence

import torch
from PIL import Image
from torch import Tensor

from training.evaluation.features import Tick
from translation.folders import file_seed
from translation.model import draw_code
from translation.painted_image import PaintedImage
from translation.sampler import BATCH_SIZES, Sampler


def sample_codes(names: Sequence[str], seed: int, size: int, index: int = 0) -> Tensor:
    """(N, size): the noise codes of the `index`-th sample of each picture."""
    return torch.stack([draw_code(file_seed(seed, name), index, size) for name in names])


def mean_codes(count: int, size: int) -> Tensor:
    """(count, size): of the mean images."""
    return torch.zeros(count, size)


def translate(
    sampler: Sampler,
    images: Iterable[Image.Image],
    to: str,
    codes: Tensor,
    tick: Tick = lambda pictures: None,
) -> Iterator[Image.Image]:
    """One translation of each image, under its row of codes and at its own size, when it is asked for.

    Raises ImageTooLarge.
    """
    done = 0
    for batch in _runs_of_one_size(sampler, images):
        rows = codes[done : done + len(batch)]
        sources = torch.cat([source for _, source in batch])
        paintings = PaintedImage.rows_of(sampler.paint(sources, to, rows))
        for painting, (image, _) in zip(paintings, batch, strict=True):
            yield painting.over(image)
        done += len(batch)
        tick(len(batch))


def samples_of(
    sampler: Sampler, image: Image.Image, name: str, to: str, seed: int, count: int
) -> list[Image.Image]:
    """The samples 0, 1, ... of one picture."""
    size = sampler.model.code_size
    codes = torch.cat([sample_codes([name], seed, size, index) for index in range(count)])
    return sampler(image, to, codes)


def _runs_of_one_size(
    sampler: Sampler, images: Iterable[Image.Image]
) -> Iterator[list[tuple[Image.Image, Tensor]]]:
    """In order: neighbours that the network gets at the same size, with what it gets."""
    batch: list[tuple[Image.Image, Tensor]] = []
    for image in images:
        source = sampler.source(image)
        if batch and (len(batch) == BATCH_SIZES[-1] or source.shape != batch[0][1].shape):
            yield batch
            batch = []
        batch.append((image, source))
    if batch:
        yield batch
