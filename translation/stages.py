"""What happens to one file of a folder: it is read, translated and written, or a row says why not.

Reading, the network and writing overlap; a bounded look-ahead keeps the memory flat over any number of files.
"""

import hashlib
import json
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from errno import ENAMETOOLONG
from itertools import takewhile
from pathlib import Path
from time import perf_counter
from typing import TypeVar

from translation import durable
from translation.ahead import map_ahead
from translation.codec import ImageTooLarge, InvalidImage, Picture, UnsupportedOutputFormat
from translation.device import is_out_of_memory
from translation.report import FileReport, Report
from translation.translator import Samples, TranslationRequest, Translator, UnlikeDomain, output_format
from translation.tree import InvalidInput, check_names, misnamed, read_bytes

T = TypeVar("T")


@dataclass(frozen=True)
class Job:
    """`row` has what the report says of the file before anything has become of it."""

    path: Path
    outputs: tuple[str, ...]
    row: FileReport

    @property
    def file(self) -> str:
        return self.row.file

    def failed(self, error: Exception) -> FileReport:
        return replace(self.row, outcome="failed", error=type(error).__name__, message=str(error))


@dataclass(frozen=True)
class Decoded:
    job: Job
    picture: Picture
    fingerprint: str
    seconds: float


@dataclass(frozen=True)
class Sampled:
    job: Job
    decoded: Decoded
    samples: Samples
    seconds: float


def translated(stages: "Stages", jobs: Iterable[Job], stopped: Callable[[], bool]) -> Generator[FileReport]:
    """The rows in the order of the files; the network runs here, the stages around it in threads."""
    with ThreadPoolExecutor(2) as readers, ThreadPoolExecutor(2) as writers:
        decoded = map_ahead(readers, stages.read, jobs)
        sampled = map(stages.sample, takewhile(lambda _: not stopped(), decoded))
        yield from map_ahead(writers, stages.write, sampled)


class Stages:
    """What happens to one file. A row in place of a picture passes through: its file is done, well or not."""

    def __init__(
        self, translator: Translator, request: TranslationRequest, out: Path, report: Report
    ) -> None:
        self.translator = translator
        self.request = request
        self.out = out
        self.report = report
        self.options = {**asdict(request), "seed": None}

    def refuse_others(self, jobs: Iterable[Job]) -> None:
        """Before the first file. Raises InvalidInput."""
        for job in jobs:
            row = self.report.rows.get(job.file)
            if row is None or not any((self.out / name).exists() for name in row.outputs):
                continue
            if other := self._other(row, job):
                raise InvalidInput(
                    f"{self.out} holds translations with {other}, {row.outputs[0]} for one: "
                    "give another folder, or --overwrite"
                )

    def read(self, job: Job) -> Decoded | FileReport:
        return _attempted(job, lambda: self._read(job))

    def sample(self, item: Decoded | FileReport) -> Sampled | FileReport:
        return item if isinstance(item, FileReport) else _attempted(item.job, lambda: self._sample(item))

    def write(self, item: Sampled | FileReport) -> FileReport:
        return item if isinstance(item, FileReport) else _attempted(item.job, lambda: self._write(item))

    def _read(self, job: Job) -> Decoded | FileReport:
        started = perf_counter()
        try:
            check_names(self.out, job.outputs)
            data = read_bytes(job.path)
            fingerprint = self._fingerprint(data, job)
            row = self.report.rows.get(job.file)
            if row and self._is_done(row, job, fingerprint):
                return replace(row, outcome="skipped")
            picture = self.translator.decode(data, self.request)
        except (InvalidImage, InvalidInput, OSError) as error:
            return job.failed(error)
        return Decoded(job, picture, fingerprint, perf_counter() - started)

    def _sample(self, item: Decoded) -> Sampled | FileReport:
        started = perf_counter()
        try:
            samples = self.translator.sample(item.picture, replace(self.request, seed=item.job.row.seed))
            self.translator.check_score(samples.domain_score, self.request)
        except (ImageTooLarge, UnlikeDomain, UnsupportedOutputFormat) as error:
            return item.job.failed(error)
        return Sampled(item.job, item, samples, item.seconds + perf_counter() - started)

    def _write(self, item: Sampled) -> FileReport:
        started = perf_counter()
        job, picture = item.job, item.decoded.picture
        try:
            pictures = tuple(self.translator.encode(picture, item.samples, self.request))
            spread = self.translator.spread(item.samples)
            for name, data in zip(job.outputs, pictures, strict=True):
                _write(self.out / name, data)
        except OSError as error:
            if error.errno != ENAMETOOLONG:  # the others cannot be written either
                raise
            return job.failed(InvalidInput(f"the translation's path is too long: {job.outputs[0]}"))
        return replace(
            job.row,
            outcome="translated",
            outputs=job.outputs,
            output_bytes=tuple(map(len, pictures)),
            padded_batch=item.samples.padded_batch,
            domain_score=item.samples.domain_score,
            spread=None if spread is None else round(spread.mean, 3),
            seconds=round(item.seconds + perf_counter() - started, 4),
            warning=misnamed(job.outputs[0], output_format(picture, self.request)),
            model_digest=self.translator.digest,
            options_digest=_digest(self.options),
            fingerprint=item.decoded.fingerprint,
        )

    def _is_done(self, row: FileReport, job: Job, fingerprint: str) -> bool:
        return (
            row.outcome == "translated"
            and row.fingerprint == fingerprint
            and self._has_seed(row, job)
            and self.report.has_whole(row)
        )

    def _other(self, row: FileReport, job: Job) -> str | None:
        """What a translation was made with that this run has not; the input does not count."""
        if row.model_digest != self.translator.digest:
            return "another model"
        if not self._has_seed(row, job):
            return "another seed"
        return None if row.options_digest == _digest(self.options) else "other options"

    def _has_seed(self, row: FileReport, job: Job) -> bool:
        return self.request.seed is None or row.seed == job.row.seed  # without a seed, any will do

    def _fingerprint(self, data: bytes, job: Job) -> str:
        source = hashlib.sha256(data).hexdigest()
        return _digest(source, self.translator.digest, {**self.options, "outputs": job.outputs})


def _attempted(job: Job, work: Callable[[], T]) -> T | FileReport:
    """What there is no memory for fails alone: the next file may need less."""
    try:
        return work()
    except (MemoryError, RuntimeError) as error:  # of torch's, only a GPU's has a class
        if not is_out_of_memory(error):
            raise
        return job.failed(error)


def _digest(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    durable.write(path, data)
