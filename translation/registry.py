"""The bundles at hand by name: those that ship with the project, and the versions published since.

weights_dir/NAME/card.json             shipped, only ever read
models_dir/NAME/VERSION/card.json      published; a version is named by its bundle's digest
models_dir/NAME/active                 the name of the version in use, replaced whole; without one the shipped
models_dir/.removed-*                  what an interrupted removal left of a model
"""

import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from translation import durable
from translation.card import (
    CARD,
    Card,
    DigestMismatch,
    InvalidBundle,
    MissingBundle,
    read_card,
    refuse_other_preprocessing,
)
from translation.names import NAME, OF
from translation.run_folder import RunFolder
from translation.weights import copy_bundle, load_bundle

ACTIVE = "active"
LOCK = ".changing"
REMOVED = ".removed-"  # no name begins with a dot
DIGITS = 16  # of a digest, in a version's name


class UnknownModel(LookupError):
    """No bundle has this name."""


class InvalidName(UnknownModel):
    """No bundle can have this name."""


class UnknownVersion(UnknownModel):
    def __init__(self, name: str, version: str) -> None:
        super().__init__(f"the model {name!r} has no version {version[:64]!r}")


class VersionInUse(ValueError):
    def __init__(self, name: str, version: str) -> None:
        super().__init__(f"{version} is the version of {name!r} in use: activate another one first")


class ShippedVersion(ValueError):
    def __init__(self, name: str, version: str) -> None:
        super().__init__(f"{version} of {name!r} ships with the project and is only ever read")


class ShippedModel(ValueError):
    def __init__(self, name: str) -> None:
        super().__init__(
            f"{name!r} ships with the project and stays; the versions added to it can be deleted"
        )


@dataclass(frozen=True)
class Entry:
    """One version of a bundle as it is listed; its weights have not been read. A broken bundle has no card
    and no digest, and `fault` says why; if it ships with the project, it has no version either."""

    name: str
    folder: Path
    version: str | None = None
    card: Card | None = None
    digest: str | None = None
    fault: str | None = None
    is_active: bool = True
    is_shipped: bool = False


class Registry:
    """Any thread and process may use it: all state is on the disk."""

    def __init__(self, weights_dir: Path, models_dir: Path) -> None:
        self._weights_dir = weights_dir
        self._models_dir = models_dir

    def folder(self, name: str, version: str | None = None) -> Path:
        """Where that version lies, or the one in use. Raises UnknownModel, UnknownVersion, MissingBundle."""
        if version is not None:
            return self._folder_of(_checked(name), version)
        pointer = self._models_dir / _checked(name) / ACTIVE
        try:
            version = pointer.read_text()
        except FileNotFoundError:
            if not (self._weights_dir / name).is_dir():
                raise self._unknown(name) from None
            return self._weights_dir / name
        if not re.fullmatch(NAME, version):
            raise MissingBundle(f"{pointer} names no version")
        return pointer.with_name(version)

    def names(self) -> tuple[str, ...]:
        shipped = (folder.name for folder in self._weights_dir.glob("*/"))
        published = (pointer.parent.name for pointer in self._models_dir.glob(f"*/{ACTIVE}"))
        return tuple(sorted(name for name in {*shipped, *published} if re.fullmatch(NAME, name)))

    def list(self) -> tuple[Entry, ...]:
        """The version in use of each; a broken one does not keep the others from being listed."""
        return tuple(self._active(name) for name in self.names())

    def versions(self, name: str) -> tuple[Entry, ...]:
        """The newest first. Raises UnknownModel."""
        if name not in self.names():
            raise self._unknown(name)
        in_use = self._active(name).folder
        entries = [replace(entry, is_active=entry.folder == in_use) for entry in self._versions(name)]
        entries.sort(key=lambda entry: entry.card.created if entry.card else "", reverse=True)
        return tuple(entries)

    def version(self, name: str, version: str) -> Entry:
        """Raises UnknownModel, UnknownVersion."""
        for entry in self.versions(name):
            if entry.version == version:
                return entry
        raise UnknownVersion(name, version)

    def add(self, source: Path, name: str, activate: bool = False) -> Entry:
        """Publish a run's bundle, or any bundle, as a version. It is in use at once if the name is new, or
        with `activate`. Raises InvalidName, InvalidBundle."""
        of_run = RunFolder(source).bundle
        if (of_run / CARD).is_file():
            source = of_run
        folder = self._models_dir / _checked(name)
        bundle = load_bundle(source)  # what cannot be loaded is not published
        version = version_name(bundle.digest)
        with self._changing():
            if version not in {entry.version for entry in self._versions(name) if entry.is_shipped}:
                copy_bundle(source, folder / version, bundle)
            if name not in self.names():
                _point(folder, version)
            entry = self.version(name, version)
            return self._use(entry) if activate else entry

    def activate(self, name: str, version: str) -> Entry:
        """Take a version into use, if it can be loaded. Raises UnknownModel, InvalidBundle."""
        with self._changing():
            entry = self.version(name, version)
            if version_name(load_bundle(entry.folder).digest) != version:
                raise DigestMismatch(f"{version} is not the bundle that was published: its card was changed")
            return self._use(entry)

    def remove(self, name: str, version: str) -> None:
        """Raises UnknownModel, VersionInUse, ShippedVersion."""
        with self._changing():
            entry = self.version(name, version)
            if entry.is_active:
                raise VersionInUse(name, version)
            if entry.is_shipped:
                raise ShippedVersion(name, version)
            (entry.folder / CARD).unlink()  # an interruption from here on leaves no version behind
            shutil.rmtree(entry.folder, ignore_errors=True)

    def remove_model(self, name: str) -> None:
        """With all its versions, that in use as well. Raises UnknownModel, ShippedModel."""
        with self._changing():
            if name not in self.names():
                raise self._unknown(name)
            if (self._weights_dir / name).is_dir():
                raise ShippedModel(name)
            (self._models_dir / name).rename(self._models_dir / f"{REMOVED}{name}-{secrets.token_hex(4)}")
            durable.sync_folder(self._models_dir)  # an interruption from here on leaves no model behind
            self.remove_leftovers()

    def remove_leftovers(self) -> None:
        """Delete what interrupted removals have left."""
        for removed in self._models_dir.glob(f"{REMOVED}*"):
            shutil.rmtree(removed, ignore_errors=True)

    def _folder_of(self, name: str, version: str) -> Path:
        published = self._models_dir / name / version
        if re.fullmatch(NAME, version) and (published / CARD).is_file():  # no other card is looked at
            return published
        return self.version(name, version).folder

    def _use(self, entry: Entry) -> Entry:
        _point(self._models_dir / entry.name, None if entry.is_shipped else entry.version)
        return replace(entry, is_active=True)

    def _active(self, name: str) -> Entry:
        try:
            return self._entry(name, self.folder(name))
        except (InvalidBundle, UnknownModel) as error:
            return Entry(name, self._models_dir / name, fault=str(error))

    def _versions(self, name: str) -> Iterator[Entry]:
        """All whose version is known."""
        cards = (*self._models_dir.glob(f"{name}/*/{CARD}"), self._weights_dir / name / CARD)
        entries = (self._entry(name, card.parent) for card in cards if card.is_file())
        return (entry for entry in entries if entry.version)

    def _entry(self, name: str, folder: Path) -> Entry:
        is_shipped = folder == self._weights_dir / name
        entry = Entry(name, folder, None if is_shipped else folder.name, is_shipped=is_shipped)
        try:
            card, digest = read_card(folder)
            refuse_other_preprocessing(folder, card)
        except InvalidBundle as error:
            return replace(entry, fault=str(error))
        return replace(entry, version=entry.version or version_name(digest), card=card, digest=digest)

    @property
    def folders(self) -> tuple[Path, Path]:
        """Of what ships, and of what was published here."""
        return self._weights_dir, self._models_dir

    def _unknown(self, name: str) -> UnknownModel:
        return UnknownModel(f"no model named {name!r}; available: {', '.join(self.names()) or 'none'}")

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """One at a time, of all processes."""
        self._models_dir.mkdir(parents=True, exist_ok=True)
        with durable.locked(self._models_dir / LOCK):
            yield


def version_name(digest: str) -> str:
    """What the version with this digest is called."""
    return digest[:DIGITS]


def _point(folder: Path, version: str | None) -> None:
    """Make that version the one in use; None: the one that ships with the project."""
    if version is None:
        (folder / ACTIVE).unlink(missing_ok=True)
        return
    durable.write(folder / ACTIVE, version.encode())


def _checked(name: str) -> str:
    if not re.fullmatch(NAME, name):
        raise InvalidName(f"no model can be named {name!r}: a name is of {OF}")
    return name
