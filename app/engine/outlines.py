"""The models by name, as far as the service itself needs them: all but the weights."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from app.engine.orders import Version
from translation.card import InvalidBundle, read_card
from translation.codec import Limits
from translation.registry import Registry, UnknownModel
from translation.translator import Translator
from translation.weights import load_outline


@dataclass(frozen=True)
class Outline:
    """`translator` does all but sampling, which `version` is for."""

    version: Version
    translator: Translator


class Outlines:
    """For any thread. An outline is made when its model is first asked for, and for each version of it."""

    def __init__(self, registry: Registry, limits: Limits) -> None:
        self._registry, self._limits = registry, limits
        self._outlines: dict[str, Outline] = {}

    def names(self) -> tuple[str, ...]:
        return self._registry.names()

    def folders(self) -> dict[str, Path]:
        """Where the versions in use lie, of the models that have one."""
        found = {}
        for name in self.names():
            with suppress(UnknownModel, InvalidBundle, OSError):  # removed, or written, just now
                found[name] = self._registry.folder(name)
        return found

    def get(self, name: str) -> Outline:
        """Of the version in use. Raises UnknownModel, InvalidBundle."""
        folder = self._registry.folder(name)
        _, digest = read_card(folder)
        outline = self._outlines.get(name)
        if outline is None or outline.version != Version(name, folder, digest):
            bundle = load_outline(folder)
            version = Version(name, folder, bundle.digest)
            outline = Outline(version, Translator(bundle, "meta", self._limits, name))
            self._outlines[name] = outline
        return outline
