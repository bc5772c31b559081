"""A tree of pictures to a tree of translations: names, tree and formats kept, and a report of every file.

A run that was stopped at any instant, or is started again, does only what its report does not say is done.
"""

import hashlib
import secrets
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from translation.codec import MEDIA_TYPES, UnsupportedOutputFormat
from translation.report import FileReport, Report
from translation.stages import Job, Stages, translated
from translation.translator import MAX_SEED, TranslationRequest, Translator
from translation.tree import find_pictures, name_outputs, taken


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
    jobs = [Job(file, path, outputs[file], file_seed(seed, file)) for file, path in files.items()]
    owners = {name: job.file for job in jobs for name in job.outputs}
    with taken(out), Report(out) as report:
        stages = Stages(translator, request, out, report)
        if not overwrite:
            stages.refuse_others(jobs)
        record = partial(report.replace, owners=owners) if overwrite else report.add
        with closing(translated(stages, jobs, stopped)) as rows:
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
