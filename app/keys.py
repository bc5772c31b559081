"""API keys: who may call, for what, and until when. A key is shown once; kept are its hash and first letters.

SJMVI_DATA_DIR/keys.json is replaced whole, so a service that runs reads either state, and sees the new one at
its next call. A key has 256 random bits: no slow hash is needed to keep it from being guessed.
"""

import hmac
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from translation import durable
from translation.names import NAME, OF

MARK = "sjmvi_"  # by which scanners for leaked secrets can know one
SHOWN = len(MARK) + 6
ENTROPY_BYTES = 32
MAX_KEY_LENGTH = 200


class Scope(StrEnum):
    TRANSLATE = "translate"
    TRAIN = "train"
    ADMIN = "admin"  # all of them


class BadKeyName(ValueError):
    def __init__(self, name: str) -> None:
        super().__init__(f"{name!r} is no name of a key, which is of {OF}")


class KeyExists(ValueError):
    def __init__(self, name: str) -> None:
        super().__init__(f"a key named {name!r} exists: revoke it first, or give another name")


class UnknownKey(LookupError):
    def __init__(self, name: str) -> None:
        super().__init__(f"no key named {name!r} is in force; see sjmvi keys list --all")


class CorruptKeys(RuntimeError):
    def __init__(self, file: str) -> None:
        super().__init__(f"{file} is no file of keys: restore it, or delete it and create the keys anew")


class Key(BaseModel):
    """All that is kept of one. What is revoked stays, as the trace of who once could call."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    prefix: str
    sha256: str = Field(repr=False)
    scopes: frozenset[Scope]
    created: datetime
    expires: datetime | None = None
    revoked: datetime | None = None

    @property
    def state(self) -> str:
        """active, expired or revoked."""
        if self.revoked:
            return "revoked"
        return "expired" if self.expires and self.expires <= datetime.now(UTC) else "active"

    def allows(self, scope: Scope | None) -> bool:
        return scope is None or bool(self.scopes & {scope, Scope.ADMIN})


KEYS = TypeAdapter(tuple[Key, ...])


class KeyRing:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, ...] | None = None
        self._keys: tuple[Key, ...] = ()

    def list(self) -> tuple[Key, ...]:
        """The oldest first, those no more in force included. Raises CorruptKeys."""
        seen = self._signature()
        if seen != self._seen:
            self._keys = self._read() if seen else ()
            self._seen = seen
        return self._keys

    def find(self, secret: str) -> Key | None:
        """The key in force that this is. Raises CorruptKeys."""
        if len(secret) > MAX_KEY_LENGTH:
            return None
        digest = _digest(secret)
        same = [key for key in self.list() if hmac.compare_digest(key.sha256, digest)]
        return next((key for key in same if key.state == "active"), None)

    def create(self, name: str, scopes: frozenset[Scope], expires: datetime | None = None) -> tuple[Key, str]:
        """And the secret, which is nowhere kept. Raises BadKeyName, KeyExists, CorruptKeys."""
        if not re.fullmatch(NAME, name):
            raise BadKeyName(name)
        secret = MARK + secrets.token_urlsafe(ENTROPY_BYTES)
        key = Key(
            name=name,
            prefix=secret[:SHOWN],
            sha256=_digest(secret),
            scopes=scopes,
            created=datetime.now(UTC),
            expires=expires,
        )
        with self._locked():
            if any(each.name == name and not each.revoked for each in self.list()):
                raise KeyExists(name)
            self._write((*self.list(), key))
        return key, secret

    def revoke(self, name: str) -> Key:
        """Raises UnknownKey, CorruptKeys."""
        with self._locked():
            keys = self.list()
            valid = next((key for key in keys if key.name == name and not key.revoked), None)
            if valid is None:
                raise UnknownKey(name)
            revoked = valid.model_copy(update={"revoked": datetime.now(UTC)})
            self._write(tuple(revoked if key is valid else key for key in keys))
        return revoked

    def _signature(self) -> tuple[int, ...] | None:
        """Another one after every replacement, None where there is no file."""
        try:
            stat = self._path.stat()
        except FileNotFoundError:
            return None
        return stat.st_ino, stat.st_mtime_ns, stat.st_size

    def _read(self) -> tuple[Key, ...]:
        try:
            return KEYS.validate_json(self._path.read_bytes())
        except ValidationError:
            raise CorruptKeys(self._path.name) from None

    def _write(self, keys: tuple[Key, ...]) -> None:
        durable.write(self._path, KEYS.dump_json(keys, indent=2))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One writer at a time."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with durable.locked(self._path.with_name(f".{self._path.name}.lock")):
            yield


def _digest(secret: str) -> str:
    return sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()
