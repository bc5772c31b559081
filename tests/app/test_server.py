"""`sjmvi serve`, as a process of its own, the way a person starts it."""

import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from PIL import Image

from app.server import curl_line

ROOT = Path(__file__).parents[2]


START = "import sys; sys.path = [*filter(None, sys.path)]; from app.cli import main; main()"  # as installed


@pytest.fixture
def server(tiny_bundle: Path, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """In a folder with modules that are called as ours, and are none of ours."""
    for package in ("app", "translation", "training"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").touch()
    settings = {"SJMVI_WEIGHTS_DIR": str(tiny_bundle.parent), "SJMVI_DATA_DIR": str(tmp_path / "data")}
    command = [sys.executable, "-c", START, "serve", "--port", "0"]
    environment = os.environ | settings | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        yield server
        server.kill()


@pytest.mark.skipif(not shutil.which("curl"), reason="no curl on this machine")
def test_the_printed_curl_line_works_at_once_and_a_signal_ends_it(
    server: subprocess.Popen[str], tmp_path: Path
) -> None:
    assert server.stdout
    printed = dict(line.split(maxsplit=1) for line in (server.stdout.readline() for _ in range(3)))
    assert printed["device"].startswith(("CPU", "CUDA"))
    assert printed["page"].startswith("http://127.0.0.1:")
    subprocess.run(shlex.split(printed["curl"]), cwd=tmp_path, check=True, capture_output=True)
    with Image.open(tmp_path / "zebra.png") as picture:
        assert (picture.format, picture.size) == ("PNG", (640, 480))
    page = printed["page"].strip().rstrip("/")
    answer = httpx.get(f"{page}/v1/recipes", timeout=60)
    assert answer.is_success, answer.text
    server.send_signal(signal.SIGTERM)
    assert server.wait(20) in (-signal.SIGTERM, 128 + signal.SIGTERM)


def test_the_curl_line_has_the_pictures_path_as_seen_from_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    line = curl_line("http://127.0.0.1:8000", "horse2zebra", "a zebra")
    assert "image=@app/web/examples/horse.jpg" in shlex.split(line)
    assert shlex.split(line)[-1].endswith("?model=horse2zebra&to=a%20zebra&seed=7")
