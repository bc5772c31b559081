"""Warm models behind a bounded queue: the network has one thread, decoding and encoding have theirs.

The event loop only waits. A translation that is given up, by deadline or by its client, leaves the queue.
"""

import asyncio
import logging
import math
import random
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from time import perf_counter
from typing import Generic, ParamSpec, Self, TypeVar

import torch

from translation.codec import Limits, Picture
from translation.registry import Registry
from translation.translator import (
    Timings,
    Translation,
    TranslationRequest,
    Translator,
    output_format,
)
from translation.weights import InvalidBundle

P = ParamSpec("P")
T = TypeVar("T")
CODEC_THREADS = 2
MAX_DECODED = 4  # pictures between decoding and encoding: one may be hundreds of megabytes
RETRY_S = 2
logger = logging.getLogger(__name__)


class NotReady(RuntimeError):
    """No model is warm, or the one asked for cannot be loaded."""

    retry_after_s = RETRY_S


class Overloaded(RuntimeError):
    def __init__(self, under_way: int, retry_after_s: int) -> None:
        super().__init__(f"{under_way} translations are under way; try again in {retry_after_s} s")
        self.retry_after_s = retry_after_s


class OutOfMemory(RuntimeError):
    """Of the device. What else is at work on it may be done in a moment."""

    retry_after_s = RETRY_S

    def __init__(self) -> None:
        super().__init__(
            f"the device has too little memory for it: try again in {RETRY_S} s, "
            "with fewer samples, or at a smaller size"
        )


class DeadlineExceeded(TimeoutError):
    def __init__(self, limit_s: float) -> None:
        super().__init__(f"the translation took longer than {limit_s:g} s, waiting included")
        self.limit = limit_s


class TooManyPixels(ValueError):
    def __init__(self, limit: int, got: int) -> None:
        super().__init__(f"samples times pixels is {got / 1e6:.4g} MP and exceeds {limit / 1e6:.4g} MP")
        self.limit, self.got = limit, got


@dataclass(frozen=True)
class EngineLimits:
    max_queue: int
    timeout_s: float
    max_output_pixels: int
    picture: Limits


@dataclass(frozen=True)
class Answer:
    """A translation, its source domain, the format its picture had, and the seconds it waited in queues."""

    translation: Translation
    source: str
    found: str
    queue_s: float


@dataclass(frozen=True)
class Timed(Generic[T]):
    result: T
    took_s: float


class Engine:
    """Used as an asynchronous context; the first model is loaded and warmed inside it."""

    def __init__(self, registry: Registry, device: torch.device, limits: EngineLimits) -> None:
        self._registry, self._device, self._limits = registry, device, limits
        self._network = ThreadPoolExecutor(1, "network")
        self._codec = ThreadPoolExecutor(CODEC_THREADS, "codec")
        self._room = asyncio.Semaphore(MAX_DECODED)
        self._translators: dict[str, Translator] = {}
        self._loading = Lock()
        self._default: str | None = None
        self._faults: dict[str, str] = {}
        self._waits_for = "a model, which is being loaded"
        self._under_way = 0
        self._recent_s = 1.0

    async def __aenter__(self) -> Self:
        self._warming = asyncio.create_task(self._become_ready())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._warming.cancel()
        for pool in (self._network, self._codec):
            pool.shutdown(wait=False, cancel_futures=True)

    @property
    def default(self) -> str:
        """The name of the model that was warmed. Raises NotReady."""
        if self._default is None:
            raise NotReady(f"the service waits for {self._waits_for}")
        return self._default

    def check_room(self) -> None:
        """Raises NotReady, Overloaded."""
        _ = self.default
        if self._under_way >= self._limits.max_queue:
            expected_s = self._under_way * self._recent_s * random.uniform(1, 1.5)  # not all at once again
            raise Overloaded(self._under_way, math.ceil(expected_s))

    async def translate(self, name: str, data: bytes, request: TranslationRequest) -> Answer:
        """Raises NotReady, Overloaded, DeadlineExceeded, OutOfMemory, TooManyPixels, UnknownModel, and what
        Translator does."""
        with self._counted():
            asked = perf_counter()
            try:
                async with asyncio.timeout(self._limits.timeout_s), self._room:
                    return await self._translate(name, data, request, asked)
            except TimeoutError:
                raise DeadlineExceeded(self._limits.timeout_s) from None
            except torch.OutOfMemoryError as error:
                logger.warning("model %s: %s", name, error)
                raise OutOfMemory from error

    async def _translate(self, name: str, data: bytes, request: TranslationRequest, asked: float) -> Answer:
        translator = (await _timed(self._codec, self._translator, name)).result
        decoded = await _timed(self._codec, translator.decode, data, request)
        self._check_output(decoded.result, request.samples)
        sampled = await _timed(self._network, translator.sample, decoded.result, request)
        encoded = await _timed(self._codec, translator.encode, decoded.result, sampled.result, request)
        self._recent_s += 0.2 * (sampled.took_s - self._recent_s)
        timings = Timings(decoded.took_s, sampled.took_s, encoded.took_s)
        receipt = translator.receipt(decoded.result, sampled.result, request, timings)
        translation = Translation(encoded.result, output_format(decoded.result, request), receipt)
        source = translator.sampler.model.source_of(request.to)
        worked_s = decoded.took_s + sampled.took_s + encoded.took_s
        return Answer(translation, source, decoded.result.format, perf_counter() - asked - worked_s)

    def _check_output(self, picture: Picture, samples: int) -> None:
        pixels = picture.image.width * picture.image.height * samples
        if pixels > self._limits.max_output_pixels:
            raise TooManyPixels(self._limits.max_output_pixels, pixels)

    @contextmanager
    def _counted(self) -> Iterator[None]:
        self.check_room()
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1

    def _translator(self, name: str) -> Translator:
        """The model's version in use, on the device. Raises UnknownModel, NotReady."""
        try:
            bundle = self._registry.get(name)
        except InvalidBundle as error:
            self._log_fault(f"model {name}", error)
            raise NotReady(f"the model {name!r} cannot be loaded; the service's log says why") from error
        with self._loading:
            translator = self._translators.get(name)
            if translator is None or translator.digest != bundle.digest:
                translator = Translator(bundle, self._device, self._limits.picture, name)
                self._translators[name] = translator
            return translator

    async def _become_ready(self) -> None:
        """A model may be published, or mended, while the service runs."""
        while True:
            try:
                if (await _timed(self._network, self._warm_first)).result:
                    return
            except Exception as error:  # nobody awaits this task, nobody else would hear of it
                self._waits_for = "its models to be found; its log says what is wrong"
                self._log_fault("the search for models", error, trace=True)
            await asyncio.sleep(RETRY_S)

    def _warm_first(self) -> bool:
        broken = []
        for name in self._registry.names():
            try:
                self._translator(name).sampler.warm_up()
            except NotReady:
                broken.append(name)
            except Exception as error:  # whatever is wrong with one model, the others can serve
                self._log_fault(f"model {name}", error, trace=True)
                broken.append(name)
            else:
                self._default = name
                return True
        self._waits_for = "a model that can be loaded"
        if broken:
            self._waits_for += f"; its log says what is wrong with {', '.join(broken)}"
        return False

    def _log_fault(self, what: str, error: Exception, trace: bool = False) -> None:
        """Once, though it is met at every try."""
        if self._faults.get(what) != str(error):
            self._faults[what] = str(error)
            logger.error("%s: %s", what, error, exc_info=error if trace else None)


async def _timed(pool: Executor, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Timed[T]:
    def run() -> Timed[T]:
        started = perf_counter()
        result = function(*args, **kwargs)
        return Timed(result, perf_counter() - started)

    return await asyncio.get_running_loop().run_in_executor(pool, run)
