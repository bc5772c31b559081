"""The models by name, as far as the service itself needs them: all but the weights."""

from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from app.engine.orders import Version
from translation.card import InvalidBundle, read_card
from translation.codec import Limits
from translation.registry import Registry, UnknownModel
from translation.translator import Translator
from translation.weights import load_outline

MAX_OUTLINES = 64  # those that were asked for last


@dataclass(frozen=True)
class Outline:
    """`translator` does all but sampling, which `version` is for."""

    version: Version
    translator: Translator


class Outlines:
    """For any thread. An outline is made when its version is first asked for."""

    def __init__(self, registry: Registry, limits: Limits) -> None:
        self._registry, self._limits = registry, limits
        self._outlines: OrderedDict[Version, Outline] = OrderedDict()
        self._changing = Lock()

    def names(self) -> tuple[str, ...]:
        return self._registry.names()

    def folders(self) -> dict[str, Path]:
        """Where the versions in use lie, of the models that have one."""
        found = {}
        for name in self.names():
            with suppress(UnknownModel, InvalidBundle, OSError):  # removed, or written, just now
                found[name] = self._registry.folder(name)
        return found

    def get(self, name: str, version: str | None = None) -> Outline:
        """Of that version, or of the one in use. Raises UnknownModel, UnknownVersion, InvalidBundle."""
        folder = self._registry.folder(name, version)
        _, digest = read_card(folder)
        outline = self._outlines.get(Version(name, folder, digest)) or self._made(name, folder)
        with self._changing:
            self._outlines[outline.version] = outline
            self._outlines.move_to_end(outline.version)
            while len(self._outlines) > MAX_OUTLINES:
                self._outlines.popitem(last=False)
        return outline

    def _made(self, name: str, folder: Path) -> Outline:
        bundle = load_outline(folder)
        translator = Translator(bundle, "meta", self._limits, name)
        return Outline(Version(name, folder, bundle.digest), translator)
