"""A training as one part of an experiment: begun, or taken up where it was interrupted."""

from collections.abc import Sequence
from pathlib import Path

from training import run


def trained(
    folder: Path,
    data: tuple[Path, Path | None],
    base: Path,
    domains: tuple[str, str],
    overrides: Sequence[str],
    device: str,
) -> Path:
    """The run's bundle. Raises KeyboardInterrupt on a signal, and what a training raises."""
    try:
        if (folder / "run.json").exists():
            return run.resume(folder, device) / "bundle"
        return run.train(*data, str(base), domains, overrides, folder, device) / "bundle"
    except run.Interrupted as stopped:
        raise KeyboardInterrupt from stopped
