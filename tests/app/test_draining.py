"""`sjmvi serve` is told to stop while it works: what it has is finished, or is told that it will not be."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic, sleep

import faulty_network
import httpx
import pytest

ROOT = Path(__file__).parents[2]
GATED = """
import sys
from functools import partial
from pathlib import Path

folder, tests = map(Path, sys.argv[1:3])
sys.path.insert(0, str(tests))
import faulty_network
from app.engine import network

network.run = partial(faulty_network.gated, folder)
sys.argv = ["sjmvi", "serve", "--port", "0"]
from app.cli import main

main()
"""
URL = "/v1/translations?to=zebra&seed=7"
JPEG = {"Content-Type": "image/jpeg"}
Serving = Callable[[int], tuple[subprocess.Popen[str], httpx.Client]]


def eventually(happens: Callable[[], bool]) -> None:
    due = monotonic() + 100
    while not happens():
        assert monotonic() < due
        sleep(0.05)


@pytest.fixture
def serving(tiny_bundle: Path, tmp_path: Path) -> Iterator[Serving]:
    """A service whose network is behind a gate, and the seconds that it has to stop."""
    started: list[tuple[subprocess.Popen[str], httpx.Client]] = []

    def start(patience_s: int) -> tuple[subprocess.Popen[str], httpx.Client]:
        settings = {
            "SJMVI_WEIGHTS_DIR": str(tiny_bundle.parent),
            "SJMVI_DATA_DIR": str(tmp_path / "data"),
            "SJMVI_EMBEDDED_WORKER": "false",
            "SJMVI_GRACEFUL_SHUTDOWN_S": str(patience_s),
        }
        server = subprocess.Popen(
            [sys.executable, "-c", GATED, str(tmp_path), str(ROOT / "tests" / "networks")],
            env=os.environ | settings | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert server.stdout
        _, page, _ = (server.stdout.readline().split() for _ in range(3))
        client = httpx.Client(base_url=page[1], timeout=60)
        started.append((server, client))
        eventually(lambda: client.get("/readyz").status_code == 200)
        return server, client

    yield start
    for server, client in started:
        client.close()
        server.kill()
        server.communicate()


@pytest.mark.parametrize("has_time", [True, False])
def test_a_signal_under_load(serving: Serving, tmp_path: Path, photograph: bytes, has_time: bool) -> None:
    server, client = serving(30 if has_time else 2)

    def post() -> httpx.Response:
        return client.post(URL, content=photograph, headers=JPEG)

    with ThreadPoolExecutor(3) as senders:
        under_way = [senders.submit(post) for _ in range(3)]
        eventually((tmp_path / faulty_network.ENTERED).exists)
        eventually(lambda: "sjmvi_queue_depth 0.0" not in client.get("/metrics").text)
        server.send_signal(signal.SIGTERM)
        eventually(lambda: "about to stop" in client.get("/readyz").text)
        refused = post()
        assert (refused.status_code, refused.json()["type"]) == (503, "not-ready")
        assert int(refused.headers["Retry-After"]) >= 1
        if has_time:
            (tmp_path / faulty_network.OPENED).touch()
        answers = [answer.result().status_code for answer in under_way]
    assert answers == [200 if has_time else 503] * 3
    assert server.wait(20) == -signal.SIGTERM
