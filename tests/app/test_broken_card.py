"""A model whose card cannot be read: it is told of, and stays so until somebody mends it."""

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from httpx import Client

VERSION = "0123456789abcdef"
MODEL = "/v1/models/broken"


@pytest.fixture
def client(serve: Callable[..., AbstractContextManager[Client]], tmp_path: Path) -> Iterator[Client]:
    folder = tmp_path / "models/broken"
    (folder / VERSION).mkdir(parents=True)
    (folder / VERSION / "card.json").write_text("{")
    (folder / "active").write_text(VERSION)
    with serve(data_dir=tmp_path, warm=False) as client:
        yield client


@pytest.mark.parametrize("path", [MODEL, f"{MODEL}/versions/{VERSION}", f"{MODEL}/versions/{VERSION}/bundle"])
def test_it_is_logged_and_nobody_is_told_to_try_again(
    path: str, client: Client, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.clear()
    with caplog.at_level(logging.ERROR, "app.routes"):
        answer = client.get(path)
    assert (answer.status_code, answer.json()["type"]) == (503, "not-ready")
    assert "Retry-After" not in answer.headers
    assert "'broken'" in answer.json()["detail"]
    assert str(tmp_path) not in answer.text
    (logged,) = (record for record in caplog.records if record.name.startswith("app.routes"))
    assert logged.getMessage().startswith("model broken")
