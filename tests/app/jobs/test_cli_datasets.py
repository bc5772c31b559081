"""`sjmvi data list` and `remove`, of what was uploaded to the service."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from app.cli import execute
from app.jobs.ledger import Ledger, Order


def test_datasets_are_listed_and_deleted(
    data: Path,
    ledger: Ledger,
    database_url: str,
    add_dataset: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("SJMVI_DATA_DIR", str(data))
    monkeypatch.setenv("SJMVI_DATABASE_URL", database_url)
    add_dataset("photos", kind="single")
    add_dataset("scenes")
    assert execute(["data", "list"]) == 0
    header, photos, scenes = capsys.readouterr().out.splitlines()
    assert header.split() == ["name", "kind", "domains", "pictures", "MB"]
    assert (photos.split()[:2], scenes.split()[:5]) == (
        ["photos", "single"],
        ["scenes", "pair", "plain,", "striped", "6"],
    )
    job, _ = ledger.create(Order("translate", {"model": "tiny"}, dataset="photos"))
    assert execute(["data", "remove", "photos"]) == 3
    assert f"error: dataset-in-use: the job {job.id}" in capsys.readouterr().err
    ledger.cancel(job.id, None)
    assert execute(["data", "remove", "photos"]) == 0
    for name in ("photos", "../datasets/scenes", "."):
        assert execute(["data", "remove", name]) == 3
        assert "error: unknown-dataset: no dataset named" in capsys.readouterr().err
    assert execute(["data", "list", "--json"]) == 0
    (left,) = json.loads(capsys.readouterr().out)
    assert (left["name"], (data / "datasets/scenes/pictures").is_dir()) == ("scenes", True)
    assert execute(["data", "remove", "scenes", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"deleted": "scenes"}
    assert execute(["data", "list"]) == 0
    assert capsys.readouterr().out == "none\n"
