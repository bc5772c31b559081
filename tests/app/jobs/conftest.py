"""A database, datasets as an upload leaves them, and commands that take no time in place of `sjmvi`'s."""

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

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


@pytest.fixture
def database(data: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{data}/sjmvi.db")
    upgrade(database)
    yield database
    database.close()


@pytest.fixture
def ledger(database: Database) -> Iterator[Ledger]:
    queue = Queue(database)
    yield Ledger(database, queue)
    queue.close()


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
def client(serve: Serve, data: Path, add_dataset: Callable[..., None]) -> Iterator[Client]:
    add_dataset("photos", kind="single")
    add_dataset("pair")
    with serve(warm=False, data_dir=data, max_event_streams=2, max_body_bytes=200_000) as client:
        yield client


@pytest.fixture
def desk(client: Client, data: Path) -> Desk:
    return Desk(Database(f"sqlite:///{data}/sjmvi.db"), "here-cpu")


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Script:
    """What every command is, in Python, its arguments those of `sjmvi`."""

    def replace(source: str) -> None:
        monkeypatch.setattr(command, "PREFIX", (sys.executable, "-S", "-c", source))

    return replace
