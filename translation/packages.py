"""Which packages are installed here."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version


@cache
def version_of(package: str) -> str | None:
    """None where it is not installed: this one too may run from its folder, installed nowhere."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None
