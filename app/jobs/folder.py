"""A job's folder, SJMVI_DATA_DIR/runs/ID: what its commands make, their log, and the result as a zip.

Of a training it is the run. A translation has its pictures in out/, an evaluation its figures.
"""

import re
import shutil
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from translation import durable
from translation.run_folder import RunFolder

UPLOAD = "picture.upload"
SAMPLE = r"[0-9]{6,12}\.png"


@dataclass(frozen=True)
class JobFolder:
    path: Path

    @property
    def out(self) -> Path:
        return self.path / "out"

    @property
    def run(self) -> RunFolder:
        """Of a training."""
        return RunFolder(self.path)

    @property
    def log(self) -> Path:
        return self.path / "log.txt"

    @property
    def answer(self) -> Path:
        """What the last command said on its stdout."""
        return self.path / ".answer"

    @property
    def lock(self) -> Path:
        """Held by the job's command for as long as it lives."""
        return self.path / ".command"

    @property
    def result(self) -> Path:
        return self.path / "result.zip"

    def keep(self, picture: bytes) -> None:
        """One that came with a request, in a folder that is new."""
        self.path.mkdir(parents=True)
        durable.write(self.path / UPLOAD, picture)

    def picture(self) -> Path | None:
        """The one that came with the request, if one did."""
        return next(iter(sorted(self.path.glob("picture.*"))), None)

    def samples(self) -> list[Path]:
        """The oldest first."""
        return sorted(path for path in self.run.samples.glob("*") if re.fullmatch(SAMPLE, path.name))

    def remove(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)

    def pack(self, source: Path) -> None:
        """The files of a folder as the result, there whole or not at all; what is hidden is left out."""
        with (
            durable.replacing(self.result) as file,
            zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive,
        ):
            for path in _visible_files(source):
                archive.write(path, path.relative_to(source))


def _visible_files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts):
            yield path
