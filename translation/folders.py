"""A tree of pictures to a tree of translations: names, tree and formats kept, and a report of every file.

Reading, the network and writing overlap; a bounded look-ahead keeps the memory flat over any number of files.
A run that was stopped at any instant, or is started again, does only what its report does not say is done.
"""

import hashlib
import json
import secrets
from collections import Counter
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from errno import ENAMETOOLONG
from functools import partial
from itertools import takewhile
from pathlib import Path
from time import perf_counter

import torch

from translation.ahead import map_ahead
from translation.codec import MEDIA_TYPES, ImageTooLarge, InvalidImage, Picture, UnsupportedOutputFormat
from translation.durable import replacing
from translation.report import FileReport, Report
from translation.translator import MAX_SEED, Samples, TranslationRequest, Translator, UnlikeDomain
from translation.tree import InvalidInput, find_pictures, name_outputs, read_bytes, taken


@dataclass(frozen=True)
class FolderSummary:
    """Numbers of files, `left` those that a stopped run leaves to the next, and the seed of all seeds."""

    translated: int
    skipped: int
    failed: int
    left: int
    seed: int


def file_seed(seed: int, file: str) -> int:
    """0 to 2^63 - 1, from a folder's seed and the path below it, with forward slashes."""
    digest = hashlib.sha256(f"{seed}/{file}".encode("utf-8", "surrogateescape")).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def translate_folder(
    translator: Translator,
    source: Path,
    out: Path,
    request: TranslationRequest,
    progress: Callable[[int, int, FileReport], None] = lambda done, total, row: None,
    stopped: Callable[[], bool] = lambda: False,
    overwrite: bool = False,
) -> FolderSummary:
    """Every file has a seed of its own, file_seed(request.seed, its path): none depends on the others.

    A file that cannot be translated is reported and the rest goes on. `progress` gets the number of files
    done, that of all, and the last one's row, its outcome "skipped" where an earlier run had done it.
    Once `stopped`, no other file is begun. `source` may be one file. With `overwrite`, an earlier run's
    translations by another model, seed or options are replaced; without, they are refused.
    Raises InvalidInput, UnknownDomain, NoDomainScore, UnsupportedOutputFormat, and what Sampler.working_size
    does.
    """
    _check(translator, request)
    files = find_pictures(source, out)
    outputs = name_outputs(files, request.format, request.samples)
    seed = secrets.randbelow(MAX_SEED + 1) if request.seed is None else request.seed
    outcomes: Counter[str] = Counter()
    jobs = [_Job(file, path, outputs[file], file_seed(seed, file)) for file, path in files.items()]
    owners = {name: job.file for job in jobs for name in job.outputs}
    with taken(out), Report(out) as report:
        stages = _Stages(translator, request, out, report)
        if not overwrite:
            stages.refuse_others(jobs)
        record = partial(report.replace, owners=owners) if overwrite else report.add
        with closing(_translated(stages, jobs, stopped)) as rows:
            for done, row in enumerate(rows, start=1):
                if row.outcome != "skipped":
                    record(row)
                outcomes[row.outcome] += 1
                progress(done, len(files), row)
    left = len(files) - outcomes.total()
    return FolderSummary(outcomes["translated"], outcomes["skipped"], outcomes["failed"], left, seed)


def _check(translator: Translator, request: TranslationRequest) -> None:
    """What is wrong for every file is refused before the first."""
    translator.check_request(request)
    if request.format is not None and request.format not in MEDIA_TYPES:
        raise UnsupportedOutputFormat(f"{request.format!r} is not one of {', '.join(MEDIA_TYPES)}")
    if isinstance(size := request.process_size, int):
        translator.sampler.working_size((size, size), size)  # the fewest pixels that it can mean


@dataclass(frozen=True)
class _Job:
    file: str
    path: Path
    outputs: tuple[str, ...]
    seed: int

    def failed(self, error: Exception) -> FileReport:
        return FileReport(self.file, "failed", seed=self.seed, error=type(error).__name__, message=str(error))


@dataclass(frozen=True)
class _Decoded:
    job: _Job
    picture: Picture
    fingerprint: str
    seconds: float


@dataclass(frozen=True)
class _Sampled:
    decoded: _Decoded
    samples: Samples
    seconds: float


def _translated(
    stages: "_Stages", jobs: Iterable[_Job], stopped: Callable[[], bool]
) -> Generator[FileReport]:
    """The rows in the order of the files; the network runs here, the stages around it in threads."""
    with ThreadPoolExecutor(2) as readers, ThreadPoolExecutor(2) as writers:
        decoded = map_ahead(readers, stages.read, jobs)
        sampled = map(stages.sample, takewhile(lambda _: not stopped(), decoded))
        yield from map_ahead(writers, stages.write, sampled)


class _Stages:
    """What happens to one file. A row in place of a picture passes through: its file is done, well or not."""

    def __init__(
        self, translator: Translator, request: TranslationRequest, out: Path, report: Report
    ) -> None:
        self.translator = translator
        self.request = request
        self.out = out
        self.report = report
        self.options = {**asdict(request), "seed": None}

    def refuse_others(self, jobs: Iterable[_Job]) -> None:
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

    def read(self, job: _Job) -> _Decoded | FileReport:
        started = perf_counter()
        try:
            data = read_bytes(job.path)
            fingerprint = self._fingerprint(data, job)
            row = self.report.rows.get(job.file)
            if row and self._is_done(row, job, fingerprint):
                return replace(row, outcome="skipped")
            picture = self.translator.decode(data, self.request)
        except (InvalidImage, OSError) as error:
            return job.failed(error)
        return _Decoded(job, picture, fingerprint, perf_counter() - started)

    def sample(self, item: _Decoded | FileReport) -> _Sampled | FileReport:
        if isinstance(item, FileReport):
            return item
        started = perf_counter()
        try:
            samples = self.translator.sample(item.picture, replace(self.request, seed=item.job.seed))
            self.translator.check_score(samples.domain_score, self.request)
        except (ImageTooLarge, UnlikeDomain, UnsupportedOutputFormat, torch.OutOfMemoryError) as error:
            return item.job.failed(error)
        return _Sampled(item, samples, item.seconds + perf_counter() - started)

    def write(self, item: _Sampled | FileReport) -> FileReport:
        if isinstance(item, FileReport):
            return item
        started = perf_counter()
        job, picture = item.decoded.job, item.decoded.picture
        try:
            pictures = tuple(self.translator.encode(picture, item.samples, self.request))
            spread = self.translator.spread(item.samples)
            for name, data in zip(job.outputs, pictures, strict=True):
                _write(self.out / name, data)
        except OSError as error:
            if error.errno != ENAMETOOLONG:  # the others cannot be written either
                raise
            return job.failed(error)
        return FileReport(
            job.file,
            "translated",
            outputs=job.outputs,
            seed=job.seed,
            padded_batch=item.samples.padded_batch,
            domain_score=item.samples.domain_score,
            spread=None if spread is None else round(spread.mean, 3),
            seconds=round(item.seconds + perf_counter() - started, 4),
            model_digest=self.translator.digest,
            options_digest=_digest(self.options),
            fingerprint=item.decoded.fingerprint,
        )

    def _is_done(self, row: FileReport, job: _Job, fingerprint: str) -> bool:
        return (
            row.outcome == "translated"
            and row.fingerprint == fingerprint
            and self._has_seed(row, job)
            and all((self.out / name).exists() for name in row.outputs)
        )

    def _other(self, row: FileReport, job: _Job) -> str | None:
        """What a translation was made with that this run has not; the input does not count."""
        if row.model_digest != self.translator.digest:
            return "another model"
        if not self._has_seed(row, job):
            return "another seed"
        return None if row.options_digest == _digest(self.options) else "other options"

    def _has_seed(self, row: FileReport, job: _Job) -> bool:
        return self.request.seed is None or row.seed == job.seed  # without a seed, any will do

    def _fingerprint(self, data: bytes, job: _Job) -> str:
        source = hashlib.sha256(data).hexdigest()
        return _digest(source, self.translator.digest, {**self.options, "outputs": job.outputs})


def _digest(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as file:
        file.write(data)
