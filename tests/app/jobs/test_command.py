"""A folder in which another process is still at work, ended where that can be; and why a command failed."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Timer

import pytest

from app.jobs import command
from app.jobs.command import StillAtWork, check_endable, check_ended, started
from app.jobs.folder import JobFolder
from translation.durable import try_lock

LIVING = "import time; time.sleep({seconds})"
ENDLESS = """
import pathlib, signal, sys, time

def end(*_):
    pathlib.Path("stopped").touch()
    sys.exit(143)

signal.signal(signal.SIGTERM, end)
pathlib.Path("started").touch()
time.sleep(60)
"""
ORPHANING = """
import os, signal
from pathlib import Path
from app.jobs import command
from app.jobs.folder import JobFolder

command.SJMVI = {prefix!r}
with command.started([], JobFolder(Path({folder!r})), {{}}):
    while not Path({folder!r}).with_name("started").exists():
        pass
    os.kill(os.getpid(), signal.SIGKILL)
"""
Occupy = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def folder(tmp_path: Path) -> JobFolder:
    return JobFolder(tmp_path / "job")


@pytest.fixture
def occupy(folder: JobFolder) -> Iterator[Occupy]:
    """By a process that holds the lock for so long, and is named in it as that says."""
    living: list[subprocess.Popen[bytes]] = []

    def occupied(named: str, seconds: float = 60) -> "subprocess.Popen[bytes]":
        folder.path.mkdir()
        with folder.lock.open("a+") as lock:
            assert try_lock(lock)
            arguments = [sys.executable, "-S", "-c", LIVING.format(seconds=seconds)]
            process = subprocess.Popen(arguments, pass_fds=(lock.fileno(),), start_new_session=True)
            living.append(process)
            lock.write(named.format(pid=process.pid))
        return process

    yield occupied
    for process in living:
        process.kill()
        process.wait()


def test_a_process_of_another_machine_is_named_and_left_alone(
    folder: JobFolder, occupy: Occupy, script: Callable[[str], None]
) -> None:
    script("pass")
    process = occupy("elsewhere {pid}\n")
    for attempt in (lambda: check_endable(folder), lambda: started([], folder, {}).__enter__()):
        with pytest.raises(StillAtWork, match=f"process {process.pid} of host elsewhere is still at work"):
            attempt()
    assert process.poll() is None
    process.kill()
    process.wait()
    check_endable(folder)
    with started([], folder, {}) as successor:
        assert re.fullmatch(rf"{socket.gethostname()} \d+\n", folder.lock.read_text())
        assert successor.wait(20) == 0


def test_a_process_of_this_machine_is_ended(
    folder: JobFolder, occupy: Occupy, script: Callable[[str], None]
) -> None:
    script("pass")
    process = occupy(f"{socket.gethostname()} {{pid}}\n")
    check_endable(folder)
    with started([], folder, {}):
        assert process.wait(20) < 0


def test_a_command_of_a_worker_that_was_killed_is_ended_first(
    folder: JobFolder, script: Callable[[str], None]
) -> None:
    script(ENDLESS)
    killed = ORPHANING.format(prefix=command.SJMVI, folder=str(folder.path))
    assert subprocess.run([sys.executable, "-c", killed], check=False).returncode == -signal.SIGKILL
    stopped = folder.path.with_name("stopped")
    assert not stopped.exists()
    script("pass")
    with started([], folder, {}) as successor:
        assert stopped.exists()
        assert successor.wait(20) == 0


@pytest.mark.parametrize(
    ("said", "slug"),
    [("error: diverged: the loss is not finite", "diverged"), ("Traceback", "internal-error")],
)
def test_a_failure_is_explained_by_its_own_words_alone(
    said: str, slug: str, folder: JobFolder, script: Callable[[str], None]
) -> None:
    script(f"import sys; print({said!r}, file=sys.stderr); sys.exit(5)")
    folder.path.mkdir()
    folder.log.write_text(f"error: system-error: [Errno 28] {os.strerror(28)}: 'x'\n")  # another attempt's
    with started([], folder, {}) as failing:
        assert failing.wait(20) == 5
        assert failing.failure().slug == slug


def test_only_the_end_of_what_was_said_explains_a_failure(
    folder: JobFolder, script: Callable[[str], None]
) -> None:
    script("import sys; print('error: a: 1' + 5000 * ' ', file=sys.stderr); sys.exit(5)")
    with started([], folder, {}) as failing:
        assert failing.wait(20) == 5
        assert failing.failure().slug == "internal-error"


@pytest.mark.parametrize("named", ["", "here", "{pid}"])
def test_a_process_that_nobody_had_the_time_to_name_is_waited_for(
    named: str, folder: JobFolder, occupy: Occupy, script: Callable[[str], None]
) -> None:
    script("pass")
    process = occupy(named, seconds=0.3)
    check_endable(folder)
    with started([], folder, {}) as successor:
        assert process.wait(20) == 0
        assert successor.wait(20) == 0


def test_it_is_told_when_it_does_not_end(
    folder: JobFolder, occupy: Occupy, script: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    script("pass")
    monkeypatch.setattr(command, "STOP_S", 0.1)
    process = occupy("")
    with pytest.raises(StillAtWork, match="a process of unknown number"), started([], folder, {}):
        pass
    assert process.poll() is None


def test_whoever_only_looks_into_a_folder_is_not_taken_for_its_command(
    folder: JobFolder, script: Callable[[str], None]
) -> None:
    script("pass")
    folder.path.mkdir()
    folder.lock.write_text("elsewhere 7\n")  # of one that is no more
    for attempt in (lambda: check_ended(folder), lambda: started([], folder, {}).__enter__()):
        looking = folder.lock.open("r+")
        assert try_lock(looking)
        end = Timer(0.2, looking.close)
        end.start()
        attempt()
        end.join()


@pytest.mark.parametrize("named", ["elsewhere {pid}\n", f"{socket.gethostname()} {{pid}}\n", ""])
def test_a_folder_is_at_work_until_its_command_has_ended_wherever_that_is(
    named: str, folder: JobFolder, occupy: Occupy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "LOOK_S", 0.1)
    check_ended(folder)  # there is none
    process = occupy(named)
    with pytest.raises(StillAtWork, match="is still at work"):
        check_ended(folder)
    process.kill()
    process.wait()
    check_ended(folder)
