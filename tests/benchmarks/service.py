"""A service to be measured: a process of its own, on a free port, with a directory that goes with it."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-m", "app.cli", "serve", "--port", "0")
START_S = 120


@contextmanager
def serving(weights_dir: Path, **settings: object) -> Iterator["Service"]:
    """Ready to translate; what it logs is left out."""
    with TemporaryDirectory() as data_dir:
        given = {"weights_dir": weights_dir, "data_dir": data_dir, "embedded_worker": False, **settings}
        environment = {f"SJMVI_{name.upper()}": str(value) for name, value in given.items()}
        process = subprocess.Popen(
            COMMAND,
            cwd=ROOT,
            env=os.environ | environment | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            yield Service(process)
        finally:
            process.terminate()
            process.communicate()


class Service:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout
        lines = dict(process.stdout.readline().split(maxsplit=1) for _ in range(2))
        self.port = int(lines["page"].strip(" /\n").rpartition(":")[2])
        self._process = process
        due = time.monotonic() + START_S
        while self.get("/readyz") != 200:
            if time.monotonic() > due:
                raise TimeoutError(f"the service was not ready within {START_S} s")
            time.sleep(0.1)

    def connect(self) -> HTTPConnection:
        return HTTPConnection("127.0.0.1", self.port, timeout=600)

    def get(self, path: str) -> int:
        connection = self.connect()
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        finally:
            connection.close()

    def resident_bytes(self) -> Mapping[str, int]:
        """Of the service, and of the process that has the device."""
        network = max(_descendants(self._process.pid), key=_started)
        return {"service": _resident_bytes(self._process.pid), "network": _resident_bytes(network)}

    def core_s(self) -> float:
        """Seconds of a core that all its processes have had."""
        return sum(map(_core_s, (self._process.pid, *_descendants(self._process.pid))))


def _descendants(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [each for child in map(int, children) for each in (child, *_descendants(child))]


def _started(pid: int) -> int:
    """In ticks of the clock since the system was."""
    return int(_stat(pid)[19])


def _core_s(pid: int) -> float:
    return sum(map(int, _stat(pid)[11:13])) / os.sysconf("SC_CLK_TCK")


def _stat(pid: int) -> list[str]:
    """From the third field on."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _resident_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
