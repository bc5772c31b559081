"""A database, datasets as an upload leaves them, and commands that take no time in place of `sjmvi`'s."""

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from functools import partial
from io import BytesIO
from pathlib import Path

import psycopg
import pytest
from httpx import Client
from PIL import Image

from app.database.connection import Database
from app.database.migration import upgrade
from app.datasets.schemas import DatasetDetails
from app.jobs import command
from app.jobs.desk import Desk
from app.jobs.ledger import Ledger
from app.jobs.queue import Queue

AddDataset = Callable[..., None]
Script = Callable[[str], None]
Serve = Callable[..., AbstractContextManager[Client]]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of a server that was made of the installed programs; its databases are yet to be made."""
    programs = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)), None)
    if programs is None:
        pytest.skip("no PostgreSQL is installed in /usr/lib/postgresql")
    user = "postgres" if os.getuid() == 0 else None  # it refuses to be run by root
    with tempfile.TemporaryDirectory() as folder:
        if user:
            shutil.chown(folder, user)
        run = partial(subprocess.run, check=True, capture_output=True, user=user, cwd=folder)
        run([programs / "initdb", "--auth=trust", "--username=sjmvi", "--no-sync", f"{folder}/data"])
        options = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off"
        log = ["-l", f"{folder}/log", "-D", f"{folder}/data"]
        run([programs / "pg_ctl", "-w", "-o", options, *log, "start"])
        try:
            yield f"postgresql://sjmvi@/{{name}}?host={folder}"
        finally:
            run([programs / "pg_ctl", "-m", "immediate", *log, "stop"])


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def database_url(request: pytest.FixtureRequest, data: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{data}/sjmvi.db"
    url: str = request.getfixturevalue("postgresql")
    name = f"test_{secrets.token_hex(4)}"
    with psycopg.connect(url.format(name="postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return url.format(name=name)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database(database_url)
    upgrade(database)
    yield database
    database.close()


@pytest.fixture
def queue(database: Database) -> Iterator[Queue]:
    queue = Queue(database)
    yield queue
    queue.close()


@pytest.fixture
def ledger(database: Database, queue: Queue) -> Ledger:
    return Ledger(database, queue, max_unfinished=100)


@pytest.fixture
def add_dataset(data: Path) -> AddDataset:
    """In data/datasets: a pair of plain and striped, or a single."""

    def add(name: str, kind: str = "pair", pictures: int = 3) -> None:
        folder = data / "datasets" / name
        domains = ["plain", "striped"] if kind == "pair" else []
        for domain in domains or ["."]:
            (folder / "pictures" / domain).mkdir(parents=True, exist_ok=True)
            for index in range(pictures):
                (folder / "pictures" / domain / f"{index}.png").write_bytes(
                    picture(index, domain == "striped")
                )
        dataset = DatasetDetails.model_validate(
            {
                **{"name": name, "kind": kind, "domains": domains, "bytes": 1, "report": {}},
                **{"pictures": pictures * max(1, len(domains)), "created": datetime.now(UTC)},
                "skipped": {"count": 0, "files": []},
            }
        )
        (folder / "dataset.json").write_text(dataset.model_dump_json())

    return add


@pytest.fixture(scope="session")
def pictures() -> Callable[..., dict[str, bytes]]:
    """Four of plain or striped, by their path in an archive."""

    def make(domain: str) -> dict[str, bytes]:
        return {f"{domain}/{index}.png": picture(index, domain == "striped") for index in range(4)}

    return make


def picture(index: int, striped: bool = False) -> bytes:
    """A PNG of 20 x 20 pixels, one of its kind."""
    image = Image.new("RGB", (20, 20), (40 + 9 * index, 90, 60))
    if striped:
        image.paste("white", (0, 5, 20, 9))
    buffer = BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def client(serve: Serve, data: Path, database_url: str, add_dataset: Callable[..., None]) -> Iterator[Client]:
    add_dataset("photos", kind="single")
    add_dataset("pair")
    limits = {"max_event_streams": 2, "max_body_bytes": 200_000}
    with serve(warm=False, data_dir=data, database_url=database_url, **limits) as client:
        yield client


@pytest.fixture
def ready(client: Client, wait_until_ready: Callable[[Client], None]) -> Client:
    """With a model for who names none."""
    wait_until_ready(client)
    return client


@pytest.fixture
def desk(client: Client, database_url: str) -> Iterator[Desk]:
    """A worker's, of the service's database."""
    database = Database(database_url)
    yield Desk(database, "here-cpu")
    database.close()


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Script:
    """What every command is, in Python, its arguments those of `sjmvi`."""

    def replace(source: str) -> None:
        monkeypatch.setattr(command, "SJMVI", (sys.executable, "-S", "-c", source))

    return replace
