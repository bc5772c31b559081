"""The bundles at hand by name: those that ship with the project and those published since, which go before.

weights_dir/NAME/card.json             shipped, only ever read
models_dir/NAME/VERSION/card.json      published; a version is named by its bundle's digest
models_dir/NAME/active                 the name of the version in use, replaced whole
"""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from translation.card import (
    CARD,
    NAME,
    Card,
    InvalidBundle,
    MissingBundle,
    read_card,
    refuse_other_preprocessing,
)
from translation.durable import replacing
from translation.weights import Bundle, load_bundle

ACTIVE = "active"


class UnknownModel(LookupError):
    """No bundle has this name."""


class InvalidName(UnknownModel):
    """No bundle can have this name."""


@dataclass(frozen=True)
class Entry:
    """A bundle as it is listed, its weights unread. A broken one has a fault, the reason, for a card."""

    name: str
    folder: Path | None
    card: Card | None = None
    digest: str | None = None
    fault: str | None = None


class Registry:
    """A bundle is loaded once, when first asked for, and again when another version has become active."""

    def __init__(self, weights_dir: Path, models_dir: Path) -> None:
        self._weights_dir = weights_dir
        self._models_dir = models_dir
        self._loaded: dict[str, Bundle] = {}
        self._loading: dict[str, Lock] = {}

    def get(self, name: str) -> Bundle:
        """The same object for every thread. Raises UnknownModel, InvalidBundle."""
        folder = self.folder(name)
        with self._loading.setdefault(name, Lock()):
            _, digest = read_card(folder)
            if name not in self._loaded or self._loaded[name].digest != digest:
                self._loaded[name] = load_bundle(folder)
            return self._loaded[name]

    def folder(self, name: str) -> Path:
        """Where the bundle in use lies. Raises UnknownModel, MissingBundle."""
        pointer = self._models_dir / _checked(name) / ACTIVE
        if pointer.is_file():
            version = pointer.read_text()
            if not re.fullmatch(NAME, version):
                raise MissingBundle(f"{pointer} names no version")
            return pointer.with_name(version)
        if not (self._weights_dir / name).is_dir():
            raise UnknownModel(f"no model named {name!r}; available: {', '.join(self.names()) or 'none'}")
        return self._weights_dir / name

    def names(self) -> tuple[str, ...]:
        shipped = (folder.name for folder in self._weights_dir.glob("*/"))
        published = (pointer.parent.name for pointer in self._models_dir.glob(f"*/{ACTIVE}"))
        return tuple(sorted(name for name in {*shipped, *published} if re.fullmatch(NAME, name)))

    def list(self) -> tuple[Entry, ...]:
        """Every bundle by its card; a broken one does not keep the others from being listed."""
        return tuple(self._entry(name) for name in self.names())

    def add(self, source: Path, name: str) -> Entry:
        """Publish a run's bundle, or any bundle, as the version in use. Raises InvalidName, InvalidBundle."""
        versions = self._models_dir / _checked(name)
        if (source / "bundle" / CARD).is_file():
            source = source / "bundle"
        bundle = load_bundle(source)  # what cannot be loaded is not published
        version = bundle.digest[:16]
        (versions / version).mkdir(parents=True, exist_ok=True)
        for file_name in (*bundle.card.files, CARD):
            with (
                (source / file_name).open("rb") as original,
                replacing(versions / version / file_name) as copy,
            ):
                shutil.copyfileobj(original, copy)
        with replacing(versions / ACTIVE) as pointer:
            pointer.write(version.encode())
        return self._entry(name)

    def _entry(self, name: str) -> Entry:
        folder = None
        try:
            folder = self.folder(name)
            card, digest = read_card(folder)
            refuse_other_preprocessing(folder, card)
            return Entry(name, folder, card, digest)
        except (InvalidBundle, UnknownModel) as error:
            return Entry(name, folder, fault=str(error))


def _checked(name: str) -> str:
    if not re.fullmatch(NAME, name):
        raise InvalidName(
            f"no model can be named {name!r}: a name is of a-z, 0-9, '.', '_' and '-', 64 at most, "
            "and begins with a letter or a digit"
        )
    return name
