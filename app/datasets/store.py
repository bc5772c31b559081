"""Datasets on disk: NAME/pictures and NAME/dataset.json, there at once or not at all."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from errno import EEXIST, ENOTDIR, ENOTEMPTY
from pathlib import Path

from pydantic import ValidationError

from app.archives.faults import quoted
from app.archives.staging import Staging
from app.datasets.faults import QuotaExceeded
from app.datasets.schemas import DatasetDetails
from translation import durable
from translation.names import NAME

CARD = "dataset.json"
logger = logging.getLogger(__name__)


class UnknownDataset(LookupError):
    def __init__(self, name: str) -> None:
        super().__init__(f"no dataset named {quoted(name)}")


class NameTaken(ValueError):
    def __init__(self, name: str) -> None:
        super().__init__(f"there is a dataset named {quoted(name)}: choose another name, or delete it first")


@dataclass(frozen=True)
class Staged:
    """A dataset on its way: `archive` to be written, unpacked into `pictures`."""

    folder: Path

    @property
    def archive(self) -> Path:
        return self.folder / "archive.zip"

    @property
    def dataset(self) -> Path:
        return self.folder / "dataset"

    @property
    def pictures(self) -> Path:
        return self.dataset / "pictures"


class DatasetStore:
    """Several processes may share its folder, which is made with the first dataset."""

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self._folder, self._max_bytes = folder.absolute(), max_bytes
        self._staging = Staging(self._folder)

    def remove_leftovers(self) -> None:
        """Of processes that are no more."""
        self._staging.remove_leftovers()

    def names(self) -> list[str]:
        """Sorted."""
        return sorted(card.parent.name for card in self._folder.glob(f"[!.]*/{CARD}"))

    def get(self, name: str) -> DatasetDetails:
        """Raises UnknownDataset, also of one whose card cannot be read."""
        try:
            return DatasetDetails.model_validate_json((self._find(name) / CARD).read_bytes())
        except (OSError, ValidationError) as error:
            logger.error("dataset %s: %s", name, error)
            raise UnknownDataset(name) from error

    def _find(self, name: str) -> Path:
        """Its folder. Raises UnknownDataset, and joins nothing to a path that is no name."""
        folder = self._folder / name if re.fullmatch(NAME, name) else None
        if folder is None or not (folder / CARD).exists():
            raise UnknownDataset(name)
        return folder

    def pictures(self, name: str) -> Path:
        """The folder of its pictures. Raises UnknownDataset."""
        self.get(name)
        return self._folder / name / "pictures"

    def page(self, after: str, limit: int) -> list[DatasetDetails]:
        """The first whose names come after that one; broken ones are left out."""
        datasets: list[DatasetDetails] = []
        for name in self.names():
            if name > after and len(datasets) < limit:
                with suppress(UnknownDataset):
                    datasets.append(self.get(name))
        return datasets

    def all(self) -> list[DatasetDetails]:
        """By name, but for broken ones."""
        return self.page("", len(self.names()))

    def check_room(self, more_bytes: int = 0) -> None:
        """Raises QuotaExceeded."""
        used = sum(dataset.bytes for dataset in self.all())
        if used + more_bytes > self._max_bytes or used >= self._max_bytes:
            raise QuotaExceeded(self._max_bytes, used + more_bytes)

    def check_free(self, name: str) -> None:
        """Raises NameTaken."""
        if (self._folder / name).exists():
            raise NameTaken(name)

    @contextmanager
    def stage(self) -> Iterator[Staged]:
        """Removed at the end, whatever is left in it."""
        with self._staging.stage() as folder:
            staged = Staged(folder)
            staged.pictures.mkdir(parents=True)
            yield staged

    def publish(self, staged: Staged, dataset: DatasetDetails) -> None:
        """Raises NameTaken, QuotaExceeded."""
        durable.write(staged.dataset / CARD, dataset.model_dump_json(indent=1).encode())
        with self._staging.locked():
            self.check_room(dataset.bytes)
            try:
                staged.dataset.rename(self._folder / dataset.name)
            except OSError as error:
                if error.errno in (EEXIST, ENOTEMPTY, ENOTDIR):
                    raise NameTaken(dataset.name) from error
                raise
            durable.sync_folder(self._folder)

    def remove(self, name: str) -> None:
        """Gone from the list at once, then from the disk. Raises UnknownDataset."""
        folder = self._find(name)
        try:
            self._staging.discard(folder)
        except FileNotFoundError as error:  # another request was faster
            raise UnknownDataset(name) from error
