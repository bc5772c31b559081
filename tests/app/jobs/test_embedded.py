"""The service's own worker: kept alive, and ended with the service."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from app.jobs import embedded
from app.jobs.embedded import EmbeddedWorker

WORKER = """
import os, pathlib, sys
with pathlib.Path(os.environ["STARTED"]).open("a") as file:
    file.write(f"{os.getpid()} ")
sys.stdin.read()
pathlib.Path(os.environ["STARTED"] + ".ended").touch()
"""


def test_it_is_started_again_when_it_dies_and_ends_with_the_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "COMMAND", (sys.executable, "-S", "-c", WORKER))
    monkeypatch.setattr(embedded, "FIRST_PAUSE_S", 0.01)
    started = tmp_path / "started"

    async def starts(count: int) -> list[str]:
        async with asyncio.timeout(20):
            while not started.exists() or len(started.read_text().split()) < count:
                await asyncio.sleep(0.01)
        return started.read_text().split()

    async def serve() -> None:
        async with EmbeddedWorker({"STARTED": str(started)}, patience_s=20):
            (first,) = await starts(1)
            os.kill(int(first), signal.SIGKILL)
            await starts(2)

    asyncio.run(serve())
    assert (tmp_path / "started.ended").exists()
