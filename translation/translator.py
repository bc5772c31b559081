"""Bytes to bytes: decode, sample, encode. The stages can be called one by one, each in its own thread, and
what lies between `prepare` and the encoding in another process, the one that has the weights."""

import secrets
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Self

import torch
from PIL import Image

from translation.codec import ImageTooLarge, Limits, Picture, check_output, decode, encode, on_white, resize
from translation.packages import version_of
from translation.painted_image import PaintedImage
from translation.sampler import ProcessSize, SampleRequest, SampleResult
from translation.spread import Spread
from translation.weights import Bundle

MAX_SEED = 2**63 - 1


class UnlikeDomain(ValueError):
    """A picture whose domain score is `refuse_at` or less."""


class NoDomainScore(ValueError):
    """A score is asked for, and the bundle is not calibrated."""


@dataclass(frozen=True)
class TranslationRequest:
    """What is wanted of one picture. Sample i depends on (seed, i) alone; no seed means a fresh one is drawn.

    Temperature scales the noise code, 0 gives the mean image. Format None is the input's own. Process size is
    the short side at which the network works: None the bundle's, "native" the picture's. With
    embed_metadata the files themselves say how they were made, in the formats that can. A picture whose
    domain score is refuse_at, in [0, 1], or less is refused; of pictures of the domain that is about this
    share.
    """

    to: str
    samples: int = 1
    seed: int | None = None
    temperature: float = 1.0
    format: str | None = None
    process_size: ProcessSize = None
    frame: int | None = None
    embed_metadata: bool = True
    refuse_at: float = 0.0


@dataclass(frozen=True)
class Samples:
    """A result of the sampler with what it was asked for: the paintings of one picture, the picture at their
    working size, the seed and the size of the batches that they were drawn with, and the domain score."""

    paintings: tuple[PaintedImage, ...]
    image: Image.Image
    seed: int
    padded_batch: int
    domain_score: float | None

    @classmethod
    def of(cls, wanted: SampleRequest, result: SampleResult, padded_batch: int) -> Self:
        return cls(result.paintings, wanted.image, wanted.seed, padded_batch, result.domain_score)


@dataclass(frozen=True)
class Timings:
    decode_s: float
    sample_s: float
    encode_s: float


@dataclass(frozen=True)
class Receipt:
    """All that is needed to make the same bytes again, and how long it took. `domain_score` in (0, 1] is
    the rank of the picture among held-out pictures of the source domain, None where the bundle is not
    calibrated. The short side of `working_size` is the process size that brings it back."""

    model: str
    digest: str
    to: str
    seed: int
    samples: int
    temperature: float
    size: tuple[int, int]
    working_size: tuple[int, int]
    frame: int | None
    padded_batch: int
    domain_score: float | None
    timings: Timings


@dataclass(frozen=True)
class Translation:
    """One encoded picture for each sample, all of one format, and of several samples their spread."""

    pictures: tuple[bytes, ...]
    format: str
    receipt: Receipt
    spread: Spread | None


class Translator:
    """A bundle at work on one device. `name` is what receipts call the model.

    An outline on the device "meta" does all but sampling.
    """

    def __init__(
        self,
        bundle: Bundle,
        device: torch.device | str = "cpu",
        limits: Limits = Limits(),  # noqa: B008 - frozen
        name: str = "",
    ) -> None:
        self.sampler = bundle.sampler(device)
        self.digest = bundle.digest
        self._calibrated = frozenset(bundle.card.calibration or ())
        self.limits = limits
        self.name = name

    def __call__(self, data: bytes, request: TranslationRequest) -> Translation:
        """Raises InvalidImage, UnknownDomain, UnlikeDomain, NoDomainScore, UnsupportedOutputFormat."""
        started = perf_counter()
        picture = self.decode(data, request)
        decoded = perf_counter()
        samples = self.sample(picture, request)
        self.check_score(samples.domain_score, request)
        sampled = perf_counter()
        pictures, spread = tuple(self.encode(picture, samples, request)), self.spread(samples)
        timings = Timings(decoded - started, sampled - decoded, perf_counter() - sampled)
        receipt = self.receipt(picture, samples, request, timings)
        return Translation(pictures, output_format(picture, request), receipt, spread)

    def decode(self, data: bytes, request: TranslationRequest) -> Picture:
        """Raises InvalidImage."""
        return decode(data, self.limits, request.frame)

    def sample(self, picture: Picture, request: TranslationRequest) -> Samples:
        """The network's part, and what prepares it. Raises what `prepare` does."""
        wanted = self.prepare(picture, request)
        batch = self.sampler.padded_batch(request.samples, wanted.image.size)
        (result,) = self.sampler.sample([wanted], batch)
        return Samples.of(wanted, result, batch)

    def check_request(self, request: TranslationRequest) -> None:
        """Refuses what is wrong with it for every picture. Raises UnknownDomain, NoDomainScore."""
        check_calibrated(self.sampler.model.source_of(request.to), request.refuse_at, self._calibrated)

    def check_score(self, score: float | None, request: TranslationRequest) -> None:
        """Raises UnlikeDomain."""
        if score is not None and score <= request.refuse_at:
            source = self.sampler.model.source_of(request.to)
            raise UnlikeDomain(
                f"unlike {source}: domain score {score:.3g}, refused at {request.refuse_at:.3g}"
            )

    def prepare(self, picture: Picture, request: TranslationRequest) -> SampleRequest:
        """All that the network needs.

        Raises UnknownDomain, NoDomainScore, ImageTooLarge, ImageTooSmall, UnsupportedOutputFormat.
        """
        self.check_request(request)
        check_output(output_format(picture, request), picture.image.size)  # before it has been drawn in vain
        seed = secrets.randbelow(MAX_SEED + 1) if request.seed is None else request.seed
        whole = on_white(picture)
        image = self.sampler.fit(whole, request.process_size)
        scored = self._scored(whole, image, request)
        indices = range(request.samples)
        return SampleRequest(image, request.to, seed, indices, request.temperature, scored)

    def _scored(
        self, whole: Image.Image, image: Image.Image, request: TranslationRequest
    ) -> Image.Image | None:
        """The whole at the size that the ratios learned from, whatever the `image`'s; None: no score."""
        if self.sampler.model.source_of(request.to) not in self._calibrated:
            return None
        try:
            size = self.sampler.working_size(whole.size, self.sampler.training_size)
            return image if image.size == size else resize(whole, size)
        except ImageTooLarge:
            if request.refuse_at:
                raise
            return None

    def encode(self, picture: Picture, samples: Samples, request: TranslationRequest) -> Iterator[bytes]:
        """At the picture's size and with its alpha, each when asked for. Raises UnsupportedOutputFormat."""
        return (
            encode(
                painting.over(picture.image),
                output_format(picture, request),
                picture.alpha,
                text=self._provenance(samples, request, index) if request.embed_metadata else None,
            )
            for index, painting in enumerate(samples.paintings)
        )

    def spread(self, samples: Samples) -> Spread | None:
        """At the working size; None of a single sample."""
        if len(samples.paintings) == 1:
            return None
        return Spread.of([painting.over(samples.image) for painting in samples.paintings])

    def receipt(
        self, picture: Picture, samples: Samples, request: TranslationRequest, timings: Timings
    ) -> Receipt:
        return Receipt(
            model=self.name,
            digest=self.digest,
            to=request.to,
            seed=samples.seed,
            samples=request.samples,
            temperature=request.temperature,
            size=picture.image.size,
            working_size=samples.image.size,
            frame=request.frame,
            padded_batch=samples.padded_batch,
            domain_score=samples.domain_score,
            timings=timings,
        )

    def _provenance(self, samples: Samples, request: TranslationRequest, index: int) -> Mapping[str, str]:
        """No times: the same request makes the same bytes."""
        frame = {} if request.frame is None else {"SJMVI-Frame": str(request.frame)}
        return frame | {
            "Software": " ".join(filter(None, ("SJMVI", version_of("sjmvi")))),
            "SJMVI-Model": self.name.encode(errors="replace").decode(),  # a folder's may be of any bytes
            "SJMVI-Model-Digest": self.digest,
            "SJMVI-Direction": f"{self.sampler.model.source_of(request.to)} -> {request.to}",
            "SJMVI-Seed": str(samples.seed),
            "SJMVI-Sample": str(index),
            "SJMVI-Temperature": repr(request.temperature),
            "SJMVI-Working-Size": "{}x{}".format(*samples.image.size),
            "SJMVI-Padded-Batch": str(samples.padded_batch),
        }


def check_calibrated(source: str, refuse_at: float, calibrated: Container[str]) -> None:
    """Whether pictures of that domain can be refused by their scores. Raises NoDomainScore."""
    if refuse_at and source not in calibrated:
        raise NoDomainScore(
            f"there are no domain scores of {source} here: leave refuse_at out, or calibrate the bundle"
        )


def output_format(picture: Picture, request: TranslationRequest) -> str:
    return request.format or picture.format
