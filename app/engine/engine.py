"""A translation's way: decoded in a thread, drawn with others in another process, encoded in a thread.

The event loop only waits. A translation that is given up, by its deadline or by its client, leaves from where
it is, or as soon as its thread does; a deadline is one clock for all of its way.
"""

import asyncio
import math
import os
import random
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from threading import Event
from time import perf_counter
from typing import Self

from app.engine.answer import Answer
from app.engine.batcher import Batcher
from app.engine.device import Device
from app.engine.faults import (
    DeadlineExceeded,
    DeviceLost,
    NetworkHung,
    NotReady,
    Overloaded,
    TooManyPixels,
)
from app.engine.follower import Follower
from app.engine.limits import EngineLimits
from app.engine.orders import Order, Version, Warmth
from app.engine.outlines import Outline, Outlines
from app.engine.readiness import Readiness
from app.engine.room import Room
from app.engine.stages import decode_stage, encode_stage
from app.engine.timed import GivenUp, timed
from app.metrics import Metrics
from translation.card import InvalidBundle
from translation.codec import decode, read_size
from translation.registry import Registry
from translation.translator import (
    Samples,
    Timings,
    Translation,
    TranslationRequest,
    output_format,
)

# what a GPU draws has to be encoded in its time; Python 3.13 knows how many cores are this process's
CODEC_THREADS = max((getattr(os, "process_cpu_count", os.cpu_count)() or 1) // 2, 2)
STOPPING = "the service is about to stop"
MAX_DECODED_PIXELS = 256_000_000  # between decoding and encoding, of pictures and of what is drawn of them


class Engine:
    """Used as an asynchronous context; the first model is loaded and warmed inside it."""

    def __init__(self, registry: Registry, device: Device, limits: EngineLimits, metrics: Metrics) -> None:
        self._device, self._limits, self._metrics = device, limits, metrics
        self._network = ThreadPoolExecutor(1, "network")
        self._codec = ThreadPoolExecutor(CODEC_THREADS, "codec")
        self._room = Room(MAX_DECODED_PIXELS)
        self._outlines = Outlines(registry, limits.picture)
        self._readiness = Readiness(self._outlines, self.warm_up)
        self._batcher = Batcher(device, self._network, metrics, self._readiness.lost)
        self._follower = Follower(self._outlines, self.warm_up)
        self._clocks: set[asyncio.Timeout] = set()
        self._given_up = GivenUp()
        self._is_stopping = False
        self._recent_s = 1.0

    async def __aenter__(self) -> Self:
        self._tasks = [
            asyncio.create_task(part.run()) for part in (self._readiness, self._batcher, self._follower)
        ]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        self._codec.shutdown(wait=False, cancel_futures=True)
        self._device.stop()
        await asyncio.get_running_loop().run_in_executor(self._network, self._device.close)
        self._network.shutdown()

    @property
    def default(self) -> str:
        """The name of the model that was warmed. Raises NotReady."""
        return self._readiness.default

    @property
    def under_way(self) -> int:
        """Translations, from their picture's arrival to their answer's, and threads at those given up."""
        return len(self._clocks) + len(self._given_up)

    @property
    def waiting(self) -> int:
        """Translations that the network has not begun with."""
        return len(self._batcher.waiting)

    @property
    def warmth(self) -> Warmth:
        return self._device.warmth

    def reasons(self) -> list[str]:
        """Why it is better to send nothing here just now, if so."""
        reasons = [self._readiness.reason, STOPPING if self._is_stopping else None]
        if self.under_way >= self._limits.max_queue:
            reasons.append(f"{self.under_way} translations are under way, as many as may be")
        return [reason for reason in reasons if reason]

    def check_ready(self) -> None:
        """For a translation. Raises NotReady, Overloaded."""
        self.check_room()
        _ = self.default

    def check_room(self) -> None:
        """For a picture. Raises NotReady, Overloaded."""
        if self._is_stopping:
            raise NotReady(STOPPING)
        if self.under_way >= self._limits.max_queue:
            expected_s = self.under_way * self._recent_s * random.uniform(1, 1.5)  # not all at once again
            raise Overloaded(self.under_way, math.ceil(expected_s))

    async def warm_up(self, version: Version) -> None:
        """Raises InvalidBundle, OutOfMemory, DeviceLost, NetworkHung, NetworkFailed."""
        try:
            await timed(self._network, self._device, Order(version))
        except (DeviceLost, NetworkHung):
            self._readiness.lost()
            raise

    def stop(self) -> None:
        """What is under way goes on; nothing else is taken in."""
        self._is_stopping = True

    def abandon(self) -> None:
        """What is under way is answered that the service stops."""
        self.stop()
        for clock in [each for each in self._clocks if not each.expired()]:
            clock.reschedule(asyncio.get_running_loop().time())

    async def translate(
        self,
        name: str,
        data: bytes,
        request: TranslationRequest,
        timeout_s: float,
        version: str | None = None,
    ) -> Answer:
        """By the version in use, or by that one, which is loaded where it is not warm.

        Raises NotReady, Overloaded, DeadlineExceeded, OutOfMemory, DeviceLost, NetworkHung, TooManyPixels,
        UnknownModel, UnknownVersion, and what Translator does.
        """
        _ = self.default
        async with self._clock(timeout_s):
            try:
                stop = Event()
                work = self._translate_anew(name, version, data, request, stop)
                return await self._given_up.unless(work, stop)
            except InvalidBundle as error:
                raise self._readiness.unavailable(name, error) from error

    async def check(self, data: bytes, samples: int, frame: int | None, timeout_s: float) -> None:
        """A picture that is to be translated elsewhere, and later.

        Raises NotReady, Overloaded, DeadlineExceeded, TooManyPixels, and what decode does.
        """
        async with self._clock(timeout_s):
            await self._given_up.unless(self._check(data, samples, frame), Event())

    async def _check(self, data: bytes, samples: int, frame: int | None) -> None:
        size = await self._size(data, frame)
        async with self._room.taken(self._pixels(samples, size)):
            await timed(self._codec, decode, data, self._limits.picture, frame)

    async def _translate_anew(
        self, name: str, version: str | None, data: bytes, request: TranslationRequest, stop: Event
    ) -> Answer:
        """Once more where the model was replaced while the network was waited for."""
        outline = await self._outline(name, version)
        try:
            return await self._translate(outline, data, request, stop)
        except InvalidBundle:
            newer = await self._outline(name, version)  # unless it was deleted
            if newer.version == outline.version:
                raise
            return await self._translate(newer, data, request, stop)

    async def _outline(self, name: str, version: str | None) -> Outline:
        """Raises UnknownModel, UnknownVersion, InvalidBundle."""
        return (await timed(self._codec, self._outlines.get, name, version)).result

    async def _translate(
        self, outline: Outline, data: bytes, request: TranslationRequest, stop: Event
    ) -> Answer:
        asked = perf_counter()
        translator = outline.translator
        size = await self._size(data, request.frame)
        working_size = translator.sampler.working_size(size, request.process_size)
        async with self._room.taken(self._pixels(request.samples, size, working_size)):
            decoded = await timed(self._codec, decode_stage, translator, data, request)
            picture, wanted = decoded.result
            sampled = await self._batcher.sample(outline.version, translator.sampler, wanted)
            translator.check_score(sampled.result.domain_score, request)
            samples = Samples.of(wanted, sampled.result, sampled.padded_batch)
            encoded = await timed(self._codec, encode_stage, translator, picture, samples, request, stop)
        self._recent_s += 0.2 * (sampled.share_s - self._recent_s)
        timings = Timings(decoded.took_s, sampled.took_s, encoded.took_s)
        queue_s = perf_counter() - asked - (decoded.took_s + sampled.took_s + encoded.took_s)
        pictures, spread = encoded.result
        receipt = translator.receipt(picture, samples, request, timings)
        translation = Translation(pictures, output_format(picture, request), receipt, spread)
        source = translator.sampler.model.source_of(request.to)
        answer = Answer(translation, source, picture.format, queue_s)
        for stage, seconds in answer.stages_s.items():
            self._metrics.stages.labels(stage).observe(seconds)
        return answer

    async def _size(self, data: bytes, frame: int | None) -> tuple[int, int]:
        """Of the picture, as the file states it. Raises InvalidImage."""
        return (await timed(self._codec, read_size, data, self._limits.picture, frame)).result

    def _pixels(self, samples: int, size: tuple[int, int], working_size: tuple[int, int] = (0, 0)) -> int:
        """Of the picture, and of what is drawn of it at its working size. Raises TooManyPixels."""
        picture, working = math.prod(size), math.prod(working_size)
        most = max(picture, working) * samples
        if most > self._limits.max_output_pixels:
            raise TooManyPixels(self._limits.max_output_pixels, most)
        return picture + working * samples

    @asynccontextmanager
    async def _clock(self, limit_s: float) -> AsyncIterator[None]:
        self.check_room()
        clock = asyncio.timeout(limit_s)
        self._clocks.add(clock)
        try:
            async with clock:
                yield
        except TimeoutError:
            raise (NotReady(STOPPING) if self._is_stopping else DeadlineExceeded(limit_s)) from None
        finally:
            self._clocks.remove(clock)
