"""What a folder translation did, file by file: report.jsonl, written as it goes, and the same as report.csv.

The JSON lines are also the memory of a run that was stopped: a picture is whole before its line is there.
"""

import csv
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from translation import durable

JSON_LINES, CSV = "report.jsonl", "report.csv"
LISTS = ("outputs", "output_bytes")
MADE_WITH = (
    *("seed", "folder_seed", "model", "to", "samples", "temperature", "size"),
    *("model_digest", "options_digest"),
)


@dataclass(frozen=True)
class FileReport:
    """Paths are relative, with forward slashes; outcome is "translated" or "failed"; error is its class.
    In report.csv, too, `outputs` is a JSON list: a name may have any character in it. `output_bytes` are
    their sizes. Of a failed file they are an earlier run's, which lie there still, with what they were made
    with.

    `folder_seed` is what the files' seeds come from; `model` to `size` are what was asked for, size as in a
    TranslationRequest. Rows of before these were kept have None, "" or ().
    `warning` says where a translation's name is that of another format than its own, which is the picture's.
    `domain_score` is of the picture in its own domain, in (0, 1]: see DomainScorer. `spread` is the mean
    standard deviation of a pixel over several samples, grey levels. `fingerprint` is that of everything that
    the outputs depend on but the seed, `options_digest` of what was asked for alone.
    """

    file: str
    outcome: str
    outputs: tuple[str, ...] = ()
    output_bytes: tuple[int, ...] = ()
    seed: int | None = None
    folder_seed: int | None = None
    model: str = ""
    to: str = ""
    samples: int | None = None
    temperature: float | None = None
    size: int | str | None = None
    padded_batch: int | None = None
    domain_score: float | None = None
    spread: float | None = None
    seconds: float = 0.0
    error: str = ""
    message: str = ""
    warning: str = ""
    model_digest: str = ""
    options_digest: str = ""
    fingerprint: str = ""


class Report:
    """The rows of a folder, one a file, the latest. Use it as a context: leaving it writes report.csv."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rows = {row.file: row for row in _read(folder / JSON_LINES)}

    def __enter__(self) -> Self:
        self._rewrite()  # without the half line that a crash may have left
        self._journal = (self.folder / JSON_LINES).open("a", encoding="utf-8")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._journal.close()
        self._rewrite()

    def folder_seed(self, files: Iterable[str]) -> int | None:
        """That of an earlier run: of these files' rows, else of any; None where no row has one."""
        rows = [self.rows[file] for file in files if file in self.rows]
        seeds = (row.folder_seed for row in (*rows, *self.rows.values()))
        return next((seed for seed in seeds if seed is not None), None)

    def add(self, row: FileReport) -> None:
        """Of a failed file, the outputs of an earlier run stay, and its row says so."""
        former = self.rows.get(row.file)
        left = [name for name in former.outputs if (self.folder / name).exists()] if former else []
        if former and left and row.outcome == "failed":
            made_with = {name: getattr(former, name) for name in MADE_WITH}
            row = replace(row, outputs=tuple(left), **made_with)
        self._add(row)

    def _add(self, row: FileReport) -> None:
        self.rows[row.file] = row
        self._journal.write(_line(row))
        self._journal.flush()

    def replace(self, row: FileReport, owners: Mapping[str, str]) -> None:
        """Delete the outputs of the file's former row, so that no translation is left without a row.
        `owners` has the file that an output belongs to by now: an output of another file stays."""
        former = self.rows.get(row.file)
        for name in former.outputs if former else ():
            path = self.folder / name
            is_its = name not in row.outputs and owners.get(name, row.file) == row.file
            if is_its and path.resolve().is_relative_to(self.folder.resolve()):  # a report may say anything
                path.unlink(missing_ok=True)
        self._add(row)

    def has_whole(self, row: FileReport) -> bool:
        """Whether its translations lie there in the sizes in which they were written."""
        paths = [self.folder / name for name in row.outputs]
        if not all(path.is_file() for path in paths):
            return False
        return not row.output_bytes or tuple(path.stat().st_size for path in paths) == row.output_bytes

    def _rewrite(self) -> None:
        rows = [self.rows[file] for file in sorted(self.rows)]
        for name, text in ((JSON_LINES, "".join(map(_line, rows))), (CSV, _table(rows))):
            data = text.encode("utf-8", "backslashreplace")  # of a file name that is none, as JSON writes it
            durable.write(self.folder / name, data)


def _line(row: FileReport) -> str:
    return json.dumps(asdict(row)) + "\n"


def _table(rows: Iterable[FileReport]) -> str:
    text = io.StringIO(newline="")
    table = csv.DictWriter(text, [field.name for field in fields(FileReport)])
    table.writeheader()
    for row in rows:
        lists = {name: json.dumps(getattr(row, name), ensure_ascii=False) for name in LISTS}
        table.writerow(asdict(row) | lists)
    return text.getvalue()


def _read(path: Path) -> Iterable[FileReport]:
    """The whole lines of a report; a line that is not one is work to be done again."""
    if not path.exists():
        return
    for line in path.read_bytes().splitlines():
        try:
            values = json.loads(line)
            row = FileReport(**values | {name: tuple(values[name]) for name in LISTS if name in values})
        except (ValueError, TypeError, LookupError):
            continue
        if all(isinstance(name, str) for name in (row.file, *row.outputs)):
            yield row
