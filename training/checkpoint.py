"""What a run leaves on the disk to go on from: its checkpoints, and a lock on its folder.

A checkpoint is two files, each written whole or not at all: STEP.pt, then STEP.json with its hash. Only the
second makes it count, so a crash at any instant leaves the checkpoints before it as they were. The last two
are kept, because a disk may damage the newest.
"""

from __future__ import annotations

import hashlib
import io
import json
import logging
import os
import socket
from collections import OrderedDict
from pathlib import Path
from types import NoneType, TracebackType
from typing import Any, Self, TypeAlias, cast

import torch
from torch import Tensor

from translation import durable

log = logging.getLogger(__name__)

State: TypeAlias = dict[str, Any]  # of tensors and PLAIN values in CONTAINERS
PLAIN = (str, bytes, int, float, bool, NoneType)
CONTAINERS = (dict, OrderedDict, list, tuple)


class CorruptCheckpoint(ValueError):
    """No checkpoint of the run is what was written."""


class RunInUse(RuntimeError):
    """Another process is training in this folder."""


def saved_steps(path: Path) -> list[int]:
    """Of the checkpoints in a folder, whoever holds its RunLock; the oldest first."""
    stems = (manifest.stem for manifest in path.glob("[0-9]*.json"))
    return sorted(int(stem) for stem in stems if stem.isdecimal())  # what else lies there is not ours


class CheckpointFolder:
    """Its owner holds the RunLock: what a killed process left half written is removed."""

    def __init__(self, path: Path, keep: int = 2) -> None:
        self.path = path
        self.keep = keep
        path.mkdir(parents=True, exist_ok=True)
        complete = {manifest.stem for manifest in path.glob("[0-9]*.json")}
        for file in path.iterdir():
            if file.suffix == ".part" or (file.suffix == ".pt" and file.stem not in complete):
                file.unlink(missing_ok=True)  # first of all: it may be what fills the disk

    def steps(self) -> list[int]:
        """The steps of the checkpoints, the oldest first."""
        return saved_steps(self.path)

    def save(self, step: int, state: State) -> None:
        """On the disk, in full, by the time it returns. Raises TypeError for what would not load."""
        _refuse_objects(state, "state")
        buffer = io.BytesIO()
        torch.save(state, buffer)
        durable.write(self._file(step, "pt"), buffer.getbuffer())
        durable.write(self._file(step, "json"), json.dumps(_manifest(step, buffer.getbuffer())).encode())
        # A later step is a damaged one, which the run has fallen back from.
        self._forget_all_but([saved for saved in self.steps() if saved <= step][-self.keep :])

    def load_latest(self, map_location: str | torch.device = "cpu") -> tuple[int, State] | None:
        """The newest sound checkpoint, None where none was ever saved. Raises CorruptCheckpoint."""
        for step in reversed(self.steps()):
            try:
                return step, self._load(step, map_location)
            except CorruptCheckpoint as problem:
                log.warning("%s; falling back to the checkpoint before it", problem)
        if self.steps():
            raise CorruptCheckpoint(f"none of the {len(self.steps())} checkpoints in {self.path} is sound")
        return None

    def _load(self, step: int, map_location: str | torch.device) -> State:
        file = self._file(step, "pt")
        try:
            data, manifest = file.read_bytes(), json.loads(self._file(step, "json").read_bytes())
        except (OSError, ValueError) as problem:
            raise CorruptCheckpoint(f"{file} cannot be read: {problem}") from problem
        if manifest != _manifest(step, data):
            raise CorruptCheckpoint(f"{file} is not what was written")
        state: State = torch.load(io.BytesIO(data), map_location=map_location, weights_only=True)
        return state

    def _forget_all_but(self, kept: list[int]) -> None:
        for step in set(self.steps()) - set(kept):
            self._file(step, "json").unlink()  # first: from here on the other file is a leftover
            self._file(step, "pt").unlink(missing_ok=True)

    def _file(self, step: int, suffix: str) -> Path:
        return self.path / f"{step:08}.{suffix}"


def _manifest(step: int, data: bytes | memoryview) -> dict[str, int | str]:
    return {"step": step, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def _refuse_objects(value: object, name: str) -> None:
    """The types are exact: a numpy float is a float, but it would load as an object, by running code."""
    if type(value) in PLAIN or isinstance(value, Tensor):
        return
    if type(value) not in CONTAINERS:
        raise TypeError(f"{name} is a {type(value).__name__}: a checkpoint holds tensors and plain values")
    items = value.items() if isinstance(value, dict) else enumerate(cast("list[object]", value))
    for key, item in items:
        _refuse_objects(item, f"{name}[{key!r}]")


class RunLock:
    """Keeps a second trainer out of a run's folder. Entering raises RunInUse.

    The kernel holds it for as long as the process lives. So it is never stale after a crash or a reboot,
    and holds between containers that share the folder, where a process id says nothing. The file only names
    the holder; it stays, since who removes it might remove the next one's.
    """

    def __init__(self, run: Path) -> None:
        self.run = run

    def __enter__(self) -> Self:
        self._file = (self.run / ".lock").open("a+")
        if not durable.try_lock(self._file):
            with self._file:
                self._file.seek(0)
                raise RunInUse(f"{self.run} is in use by {self._file.read()}")
        self._file.truncate(0)
        self._file.write(f"process {os.getpid()} on {socket.gethostname()}")
        self._file.flush()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
