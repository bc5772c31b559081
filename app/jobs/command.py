"""A command of `sjmvi` as a process of its own: neither's crash is the other's.

It holds a lock of its folder, inherited as an open file, for as long as it or a child of it lives. So whoever
comes next knows of it without trusting a process id that may be another's by now, or another machine's.
"""

import errno
import logging
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import TextIOWrapper

from app.children import SJMVI
from app.jobs.folder import JobFolder
from translation.durable import try_lock

STOP_S = 60.0  # a checkpoint may be gigabytes
LOOK_S = 1.0  # whoever only looks who has a lock has it for a moment
LAST_BYTES = 4000
OUT_OF_SPACE = "out-of-space"
STOPPED = (128 + signal.SIGINT, 128 + signal.SIGTERM)
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Failure:
    """By the line that every command ends with where it fails."""

    slug: str
    detail: str


@dataclass(frozen=True)
class Holder:
    """Of a folder's lock: the process that the command began as."""

    host: str
    pid: int

    @property
    def is_here(self) -> bool:
        return self.host == socket.gethostname()


class StillAtWork(RuntimeError):
    """An earlier worker's command, and it cannot be ended from here."""

    def __init__(self, holder: Holder | None) -> None:
        who = f"process {holder.pid} of host {holder.host}" if holder else "a process of unknown number"
        super().__init__(f"{who} is still at work on the job: end it there, or let it come to its end")


class Command:
    """One that runs. Use `started`."""

    def __init__(self, process: subprocess.Popen[bytes], folder: JobFolder, log_start: int) -> None:
        """What the log has before `log_start`, in bytes, others have said."""
        self._process, self._folder, self._log_start = process, folder, log_start

    def wait(self, seconds: float) -> int | None:
        """Its exit code, negative that of a signal; None while it runs."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def stop(self) -> int:
        """It is asked to end, and given the time to. Its exit code."""
        self._process.terminate()
        code = self.wait(STOP_S)
        return self.kill() if code is None else code

    def kill(self) -> int:
        with suppress(ProcessLookupError):
            _kill_group(self._process.pid)
        return self._process.wait()

    def answer(self) -> str:
        return self._folder.answer.read_text("utf-8", "replace")

    def failure(self) -> Failure:
        with self._folder.log.open("rb") as log:
            log.seek(max(self._log_start, log.seek(0, os.SEEK_END) - LAST_BYTES))
            return failure_of(log.read().decode("utf-8", "replace"))


def was_stopped(code: int) -> bool:
    """By a signal, ours or another's."""
    return code < 0 or code in STOPPED


@contextmanager
def started(arguments: Sequence[str], folder: JobFolder, environment: Mapping[str, str]) -> Iterator[Command]:
    """Another one that still works in the folder is ended first. What is left at the end is killed.

    Raises StillAtWork.
    """
    folder.path.mkdir(parents=True, exist_ok=True)
    with folder.lock.open("a+") as lock, folder.log.open("ab") as log, folder.answer.open("wb") as answer:
        _end_predecessor(lock)
        lock.truncate(0)  # the name in it is of one that is no more
        log_start = log.seek(0, os.SEEK_END)
        process = subprocess.Popen(
            [*SJMVI, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=answer,
            stderr=log,
            env=os.environ | environment,
            cwd=folder.path.parent,
            pass_fds=(lock.fileno(),),
            start_new_session=True,  # a Ctrl-C in the terminal is ours to answer
        )
        _name_holder(lock, process.pid)
        command = Command(process, folder, log_start)
        try:
            yield command
        finally:
            if process.poll() is None:
                command.kill()


def failure_of(said: str) -> Failure:
    errors = re.findall(r"^error: ([a-z-]+): (.*)$", said, re.MULTILINE)
    slug, detail = errors[-1] if errors else ("internal-error", "the command failed; the job's log says more")
    if slug == OUT_OF_SPACE or os.strerror(errno.ENOSPC) in said:  # whatever fails of it, that is the reason
        return Failure(OUT_OF_SPACE, "the disk is full: make room, then retry the job, which goes on")
    return Failure(slug, detail)


def check_ended(folder: JobFolder) -> None:
    """Whether nobody works in the folder any more, here or elsewhere. Raises StillAtWork."""
    with suppress(FileNotFoundError), folder.lock.open("r+") as lock:
        if not _locked_within(lock, LOOK_S):
            raise StillAtWork(_holder(lock))


def check_endable(folder: JobFolder) -> None:
    """Whether `started` could end who still works in the folder. Raises StillAtWork."""
    with suppress(FileNotFoundError), folder.lock.open("r+") as lock:
        holder = _holder(lock)
        if holder and not holder.is_here and not _locked_within(lock, LOOK_S):
            raise StillAtWork(holder)


def _end_predecessor(lock: TextIOWrapper) -> None:
    """Its worker is no more. What it has done it keeps, as if it were stopped by its own.

    Raises StillAtWork.
    """
    if _locked_within(lock, LOOK_S):
        return
    for end in (_terminate, _kill_group):
        holder = _holder(lock)  # None where its worker died before it could say
        if holder and not holder.is_here:
            raise StillAtWork(holder)
        if holder:
            logger.warning("process %d of an earlier worker is at work still, and is ended", holder.pid)
            with suppress(ProcessLookupError):
                end(holder.pid)
        if _locked_within(lock, STOP_S):
            return
    raise StillAtWork(holder)


def _locked_within(lock: TextIOWrapper, seconds: float) -> bool:
    due = time.monotonic() + seconds
    while not try_lock(lock):
        if time.monotonic() >= due:
            return False
        time.sleep(0.1)
    return True


def _holder(lock: TextIOWrapper) -> Holder | None:
    """None where it is not named, or only half."""
    lock.seek(0)
    named = re.fullmatch(r"(\S+) (\d+)\n", lock.read())
    return Holder(named[1], int(named[2])) if named else None


def _name_holder(lock: TextIOWrapper, pid: int) -> None:
    lock.truncate(0)
    lock.write(f"{socket.gethostname()} {pid}\n")
    lock.flush()


def _terminate(pid: int) -> None:
    os.kill(pid, signal.SIGTERM)


def _kill_group(pid: int) -> None:
    """It leads a session of its own, so its children go with it."""
    os.killpg(pid, signal.SIGKILL)
