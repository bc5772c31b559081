"""The service's own worker: kept alive, and ended with the service."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from app.jobs import embedded
from app.jobs.command import STOP_S
from app.jobs.embedded import EmbeddedWorker
from app.jobs.worker import END_S
from app.main import _worker
from app.settings import Settings

WORKER = """
import os, pathlib, sys, time
with pathlib.Path(os.environ["STARTED"]).open("a") as file:
    file.write(f"{os.getpid()} ")
sys.stdin.read()
time.sleep(0.3)
pathlib.Path(os.environ["STARTED"] + ".ended").touch()
"""


async def starts(started: Path, count: int) -> list[str]:
    async with asyncio.timeout(100):
        while not started.exists() or len(started.read_text().split()) < count:
            await asyncio.sleep(0.01)
    return started.read_text().split()


def test_it_is_started_again_when_it_dies_and_ends_with_the_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "COMMAND", (sys.executable, "-S", "-c", WORKER))
    monkeypatch.setattr(embedded, "FIRST_PAUSE_S", 0.01)
    started = tmp_path / "started"

    async def serve() -> None:
        async with EmbeddedWorker({"STARTED": str(started)}):
            (first,) = await starts(started, 1)
            os.kill(int(first), signal.SIGKILL)
            await starts(started, 2)

    asyncio.run(serve())
    assert (tmp_path / "started.ended").exists()


def test_it_is_started_again_when_it_could_not_be_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(embedded, "COMMAND", (str(tmp_path / "program"),))
    monkeypatch.setattr(embedded, "FIRST_PAUSE_S", 0.01)
    started = tmp_path / "started"

    async def serve() -> None:
        async with EmbeddedWorker({"STARTED": str(started)}):
            async with asyncio.timeout(100):
                while "cannot be started" not in caplog.text:
                    await asyncio.sleep(0.01)
            monkeypatch.setattr(embedded, "COMMAND", (sys.executable, "-S", "-c", WORKER))
            await starts(started, 1)

    asyncio.run(serve())


def test_a_service_that_ends_while_it_is_started_waits_for_it_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "COMMAND", (sys.executable, "-S", "-c", WORKER))
    started, start = tmp_path / "started", asyncio.create_subprocess_exec

    async def slowly(*arguments: str, **options: object) -> asyncio.subprocess.Process:
        process = await start(*arguments, **options)  # type: ignore[arg-type]
        await asyncio.sleep(0.5)
        return process

    async def serve() -> None:
        async with EmbeddedWorker({"STARTED": str(started)}):
            await starts(started, 1)

    monkeypatch.setattr(asyncio, "create_subprocess_exec", slowly)
    asyncio.run(serve())
    assert (tmp_path / "started.ended").exists()


def test_it_has_the_time_to_stop_its_job_however_soon_the_service_is_to_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "COMMAND", (sys.executable, "-S", "-c", WORKER))
    started = tmp_path / "started"
    monkeypatch.setenv("STARTED", str(started))

    async def serve() -> None:
        async with _worker(Settings(device="cpu", data_dir=tmp_path, graceful_shutdown_s=0)):
            await starts(started, 1)

    asyncio.run(serve())
    assert (tmp_path / "started.ended").exists()
    assert embedded.PATIENCE_S > END_S > STOP_S
