"""Images to samples: a picture and noise codes in, one translation for each code out, at the picture's size.

The network works at the size that it is best at: the picture's short side has the process size. What it
paints (generators/painting.py) is resized to the picture and laid over it there, so that what is not painted
over keeps every detail.
Batches are padded to one of BATCH_SIZES. CPU kernels differ in the last bit from one batch size to another,
but not with what else is in the batch, so that a code gives the same bytes at the same padded size.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from math import isqrt
from typing import Literal

import torch
from PIL import Image
from torch import Tensor

from translation.card import CorruptWeights
from translation.codec import (
    ImageTooLarge,
    ImageTooSmall,
    resize,
    short_side_size,
    to_tensor,
)
from translation.domain_score import DomainScorer
from translation.generators.painting import Painting
from translation.model import StochasticMap, TranslationModel, draw_code
from translation.painted_image import PaintedImage

BATCH_SIZES = (1, 2, 4, 8)
MIN_SIDE = 8
MAX_BATCH_PIXELS = 4_194_304
UNCALIBRATED = DomainScorer({}, {})
MAX_PROCESS_SIZE = isqrt(MAX_BATCH_PIXELS)  # of a square; of every other picture, less

ProcessSize = int | Literal["native"] | None


@dataclass(frozen=True)
class SampleRequest:
    """The samples that are wanted of one picture: `image` is its RGB image at the working size, `indices` say
    which of the seed's samples; `scored` is the image at the training size, where its domain score is wanted.
    It can be sent to another process."""

    image: Image.Image
    to: str
    seed: int
    indices: range
    temperature: float = 1.0
    scored: Image.Image | None = None

    def codes(self, size: int) -> Tensor:
        """(samples, size)."""
        return torch.stack([draw_code(self.seed, index, size, self.temperature) for index in self.indices])


@dataclass(frozen=True)
class SampleResult:
    """Of a SampleRequest: a painting for each sample, and the picture's domain score if it has one."""

    paintings: tuple[PaintedImage, ...]
    domain_score: float | None


def working_size(
    size: tuple[int, int], short_side: int | Literal["native"], max_pixels: int = MAX_BATCH_PIXELS
) -> tuple[int, int]:
    """(width, height) of an image of that size at a short side. Raises ImageTooLarge, ImageTooSmall."""
    width, height = size if short_side == "native" else short_side_size(size, short_side)
    if width * height > max_pixels:
        limit = f"{max_pixels / 1e6:.4g} MP"
        raise ImageTooLarge(f"{width}x{height} at the process size {short_side} exceeds {limit}")
    if min(width, height) < MIN_SIDE:
        raise ImageTooSmall(f"process size {short_side}, minimum {MIN_SIDE}")
    return width, height


class Sampler:
    """A model at work on one device. `max_batch_pixels` bounds its memory: working pixels times batch.

    `process_size` is the short side at which it works where no other is asked for, without it the training
    size; a long picture it works on at the largest that fits. `scorer` is of the model's domains; without one
    no picture has a domain score.
    """

    def __init__(
        self,
        model: TranslationModel,
        training_size: int,
        device: torch.device | str = "cpu",
        max_batch_pixels: int = MAX_BATCH_PIXELS,
        scorer: DomainScorer = UNCALIBRATED,
        process_size: int | None = None,
    ) -> None:
        self.device = torch.device(device)
        self.model = model.to(self.device).eval()
        self.scorer = scorer.to(self.device)
        self.training_size = training_size
        self.process_size = process_size or training_size
        self.max_batch_pixels = max_batch_pixels

    def __call__(
        self, image: Image.Image, to: str, codes: Tensor, process_size: ProcessSize = None
    ) -> list[Image.Image]:
        """An RGB image of the given size for each of codes (N, k). Raises UnknownDomain, ImageTooLarge."""
        source = self.source(image, process_size)
        painting = self.paint(source.expand(len(codes), -1, -1, -1), to, codes)
        return [row.over(image) for row in PaintedImage.rows_of(painting)]

    def sample(self, requests: Sequence[SampleRequest], batch: int) -> list[SampleResult]:
        """A result for each request, in order; the network works in batches of `batch`.

        All are of one working size and one direction. Raises UnknownDomain.
        """
        sources = [to_tensor(each.image).expand(len(each.indices), -1, -1, -1) for each in requests]
        codes = [each.codes(self.model.code_size) for each in requests]
        painting = self.paint(torch.cat(sources), requests[0].to, torch.cat(codes), batch)
        rows = iter(PaintedImage.rows_of(painting))
        return [SampleResult(tuple(islice(rows, len(each.indices))), self._score(each)) for each in requests]

    def score(self, image: Image.Image, domain: str) -> float | None:
        """How much at home an RGB image of the training size is in the domain, in (0, 1]: see DomainScorer.
        None where the domain is not calibrated."""
        return self.scorer(to_tensor(image).to(self.device), domain)

    def _score(self, request: SampleRequest) -> float | None:
        if request.scored is None:
            return None
        return self.score(request.scored, self.model.source_of(request.to))

    def warm_up(self) -> None:
        """Have kernels chosen and loaded before the first request, not by it. Raises CorruptWeights where
        what is painted is not finite."""
        worked_on, judged = (
            torch.linspace(-1, 1, side).expand(1, 3, side, side)
            for side in (self.process_size, self.training_size)
        )
        for to in self.model.targets:
            if not self.paint(worked_on, to, torch.zeros(1, self.model.code_size)).is_finite:
                raise CorruptWeights(f"the map to {to} paints what is not finite")
            self.scorer(judged.to(self.device), self.model.source_of(to))

    def source(self, image: Image.Image, process_size: ProcessSize = None) -> Tensor:
        """The image as the network gets it: (1, 3, H, W) in [-1, 1]. Raises ImageTooLarge, ImageTooSmall."""
        return to_tensor(self.fit(image, process_size))

    def fit(self, image: Image.Image, process_size: ProcessSize = None) -> Image.Image:
        """The image at its working size. Raises ImageTooLarge, ImageTooSmall."""
        return resize(image, self.working_size(image.size, process_size))

    def working_size(self, size: tuple[int, int], process_size: ProcessSize = None) -> tuple[int, int]:
        """(width, height) as the network gets an image of that size. Raises ImageTooLarge, ImageTooSmall."""
        short_side = self._fitting(size) if process_size is None else process_size
        return working_size(size, short_side, self.max_batch_pixels)

    def _fitting(self, size: tuple[int, int]) -> int:
        """The process size; of a picture too long for it, what fits, but at least the training size."""
        most = isqrt(self.max_batch_pixels * min(size) // max(size)) - 1  # its long side is rounded
        return max(self.training_size, min(self.process_size, most))

    def padded_batch(self, samples: int, size: tuple[int, int], at_most: int = BATCH_SIZES[-1]) -> int:
        """The size of the one or more batches in which so many samples at a working size are drawn."""
        width, height = size
        most = min(at_most, self.max_batch_pixels // (width * height))
        roomy = [batch for batch in BATCH_SIZES if batch <= most]
        return next((batch for batch in roomy if batch >= samples), roomy[-1])

    @torch.inference_mode()
    def paint(self, sources: Tensor, to: str, codes: Tensor, batch: int | None = None) -> Painting:
        """Sources (N, 3, H, W) and codes (N, k), row by row, to a painting of N rows on the CPU.

        The network works in batches of `batch`, without it of their padded_batch. Raises UnknownDomain.
        """
        conditional = self.model.conditional(to)
        height, width = sources.shape[-2:]
        batch = batch or self.padded_batch(len(codes), (width, height))
        batches = zip(torch.split(sources, batch), torch.split(codes, batch), strict=True)
        return Painting.joined([self._paint_batch(conditional, *rows, batch) for rows in batches])

    def _paint_batch(
        self, conditional: StochasticMap, sources: Tensor, codes: Tensor, batch: int
    ) -> Painting:
        painting = conditional.paint(self._padded(sources, batch), self._padded(codes, batch))
        return painting.mapped(lambda rows: rows[: len(codes)].cpu())

    def _padded(self, rows: Tensor, batch: int) -> Tensor:
        filler = rows[-1:].expand(batch - len(rows), *rows.shape[1:])
        return torch.cat([rows, filler]).to(self.device)
