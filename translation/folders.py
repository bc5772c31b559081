"""A tree of pictures to a tree of translations: names, tree and formats kept, and a report of every file.

A run that was stopped at any instant, or is started again, does only what its report does not say is done.
"""

import hashlib
import os
import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from errno import ENOSPC
from functools import partial
from pathlib import Path

from translation import durable
from translation.codec import MEDIA_TYPES, UnsupportedOutputFormat
from translation.report import FileReport, Report
from translation.stages import Job, Stages, translated
from translation.translator import MAX_SEED, TranslationRequest, Translator
from translation.tree import Found, find_pictures, name_outputs, taken


@dataclass(frozen=True)
class FolderSummary:
    """Numbers of files, `left` those that a stopped run leaves to the next, and the seed of all seeds, but of
    the `otherwise_seeded` among the skipped. Of `warned` the report has a warning.
    `passed_over` are how many other files have which suffix."""

    translated: int
    skipped: int
    failed: int
    left: int
    seed: int
    otherwise_seeded: int
    warned: int
    passed_over: Mapping[str, int]


class OutOfSpace(RuntimeError):
    """No room for the next picture. What is done, `summary` has; the rest is left, as of a stopped run."""

    def __init__(self, out: Path, reason: str, summary: FolderSummary) -> None:
        super().__init__(
            f"{out}: {reason}, {summary.left} pictures left: "
            "make room, and the same command goes on with them"
        )
        self.summary = summary


class Tally:
    """What has become so far of the files that were found, under that seed of the folder."""

    def __init__(self, found: Found, seed: int) -> None:
        self._found, self._seed = found, seed
        self._outcomes: Counter[str] = Counter()
        self._otherwise_seeded = self._warned = 0

    def add(self, row: FileReport) -> None:
        self._outcomes[row.outcome] += 1
        self._otherwise_seeded += row.outcome == "skipped" and row.folder_seed != self._seed
        self._warned += bool(row.warning)

    @property
    def done(self) -> int:
        return self._outcomes.total()

    @property
    def summary(self) -> FolderSummary:
        return FolderSummary(
            self._outcomes["translated"],
            self._outcomes["skipped"],
            self._outcomes["failed"],
            len(self._found.pictures) - self.done,
            self._seed,
            self._otherwise_seeded,
            self._warned,
            self._found.passed_over,
        )


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
    Without a seed it is the one that an earlier run's translations lie there with, or else a fresh one.

    A file that cannot be translated is reported and the rest goes on. `progress` gets the number of files
    done, that of all, and the last one's row, its outcome "skipped" where an earlier run had done it.
    Once `stopped`, no other file is begun. `source` may be one file. With `overwrite`, an earlier run's
    translations by another model, seed or options are replaced; without, they are refused.
    Raises InvalidInput, UnknownDomain, NoDomainScore, UnsupportedOutputFormat, OutOfSpace, and what
    Sampler.working_size does.
    """
    _check(translator, request)
    found = find_pictures(source, out)
    files = found.pictures
    with taken(out):
        report = Report(out)
        seed = _folder_seed(request, report, files)
        tally, jobs = Tally(found, seed), _jobs(files, request, seed, translator.name)
        stages = Stages(translator, request, out, report)
        if not overwrite:
            stages.refuse_others(jobs)
        owners = {name: job.file for job in jobs for name in job.outputs}
        record = partial(report.replace, owners=owners) if overwrite else report.add
        with _fullness_told(out, tally), report, closing(translated(stages, jobs, stopped)) as rows:
            for row in rows:
                if row.outcome != "skipped":
                    record(row)
                tally.add(row)
                progress(tally.done, len(files), row)
    return tally.summary


def _folder_seed(request: TranslationRequest, report: Report, files: Iterable[str]) -> int:
    if request.seed is not None:
        return request.seed
    kept = report.folder_seed(files)
    return secrets.randbelow(MAX_SEED + 1) if kept is None else kept


def _jobs(files: Mapping[str, Path], request: TranslationRequest, seed: int, model: str) -> list[Job]:
    outputs = name_outputs(files, request.format, request.samples)
    blank = FileReport(
        file="",
        outcome="",
        folder_seed=seed,
        model=model,
        to=request.to,
        samples=request.samples,
        temperature=request.temperature,
        size=request.process_size,
    )
    return [
        Job(path, outputs[file], replace(blank, file=file, seed=file_seed(seed, file)))
        for file, path in files.items()
    ]


@contextmanager
def _fullness_told(out: Path, tally: Tally) -> Iterator[None]:
    """Raises OutOfSpace."""
    try:
        yield
    except OSError as error:
        if not durable.is_full(error):
            raise
        raise OutOfSpace(out, os.strerror(error.errno or ENOSPC), tally.summary) from error


def _check(translator: Translator, request: TranslationRequest) -> None:
    """What is wrong for every file is refused before the first."""
    translator.check_request(request)
    if request.format is not None and request.format not in MEDIA_TYPES:
        raise UnsupportedOutputFormat(f"{request.format!r} is not one of {', '.join(MEDIA_TYPES)}")
    if isinstance(size := request.process_size, int):
        translator.sampler.working_size((size, size), size)  # the fewest pixels that it can mean
