"""Who asks for a job, and whose jobs that one may see."""

from dataclasses import dataclass

from app.keys import Key, Scope


@dataclass(frozen=True)
class Caller:
    """Without a key where none is needed."""

    key: Key | None = None

    @property
    def owner(self) -> str | None:
        return self.key.name if self.key else None

    @property
    def sees(self) -> str | None:
        """Whose jobs; None: all of them."""
        return None if self.key is None or self.key.allows(Scope.ADMIN) else self.key.name
