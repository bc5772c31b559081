"""The pictures of a translation one by one, while it is at work and after."""

import json
import mimetypes
from pathlib import Path
from typing import Any

import pytest
from httpx import Client
from PIL import Image

ORDER = {"kind": "translate", "dataset": "photos", "model": "tiny", "to": "zebra", "seed": 7}


def row(file: str, **values: object) -> str:
    empty = {"outputs": [], "seed": 7, "message": "", "padded_batch": 1, "fingerprint": "f"}
    return json.dumps({"file": file, "outcome": "translated", **empty, **values}) + "\n"


@pytest.fixture
def job(client: Client) -> dict[str, Any]:
    job: dict[str, Any] = client.post("/v1/jobs", json=ORDER).json()
    return job


@pytest.fixture
def out(job: dict[str, Any], data: Path) -> Path:
    """As a command leaves it that is at work: a picture, a failure, and half a line."""
    out = data / "runs" / job["id"] / "out"
    (out / "inner").mkdir(parents=True)
    Image.new("RGB", (8, 8), "brown").save(out / "inner" / "a b.png")
    translated = row("inner/a b.png", outputs=["inner/a b.png"], domain_score=0.25)
    failed = row("c.png", outcome="failed", message="it is broken")
    (out / "report.jsonl").write_text(translated + failed + "5\n" + '{"file": "d')
    return out


def test_a_job_that_has_not_begun_has_none(client: Client, job: dict[str, Any]) -> None:
    assert client.get(f"{job['links']['self']}/pictures").json() == {"files": []}


def test_every_file_is_told_with_its_pictures_or_its_fault(
    client: Client, job: dict[str, Any], out: Path
) -> None:
    url = f"{job['links']['self']}/pictures"
    first, second = client.get(url).json()["files"]
    assert first["pictures"] == [f"{url}/inner/a%20b.png"]
    assert (first["domain_score"], second["domain_score"]) == (0.25, None)
    assert (second["outcome"], second["message"], second["pictures"]) == ("failed", "it is broken", [])
    assert client.get(url, params={"after": 1, "limit": 1}).json()["files"] == [second]
    picture = client.get(first["pictures"][0])
    assert (picture.headers["Content-Type"], picture.content) == (
        "image/png",
        (out / "inner" / "a b.png").read_bytes(),
    )


def test_a_file_that_is_done_again_is_told_once_and_as_it_is_now(
    client: Client, job: dict[str, Any], out: Path
) -> None:
    report = "".join(row(file, outcome="failed", message="no") for file in "ab")
    report += row("a", outputs=["a.png"]) + row("c", outputs=["c.png"]) + row("b", outputs=["b.png"])
    (out / "report.jsonl").write_text(report)
    url = f"{job['links']['self']}/pictures"
    files = client.get(url).json()["files"]
    assert [(each["file"], each["outcome"]) for each in files] == [(name, "translated") for name in "abc"]
    assert client.get(url, params={"after": 1, "limit": 1}).json()["files"] == files[1:2]
    assert client.get(url, params={"after": 3}).json()["files"] == []


@pytest.mark.parametrize(("suffix", "media_type"), [(".webp", "image/webp"), (".JFIF", "image/jpeg")])
def test_a_picture_is_served_as_what_it_is_on_a_system_that_knows_no_types(
    suffix: str,
    media_type: str,
    client: Client,
    job: dict[str, Any],
    out: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (out / f"d{suffix}").write_bytes(b"picture")
    monkeypatch.setattr(mimetypes, "_db", mimetypes.MimeTypes())
    answer = client.get(f"{job['links']['self']}/pictures/d{suffix}")
    assert (answer.headers["Content-Type"], answer.content) == (media_type, b"picture")


@pytest.mark.parametrize(
    "name",
    [
        *("none.png", "report.jsonl", "report.csv", "inner", "..%2Frun.json", "%2Fetc%2Fpasswd", ".lock"),
        *("a%00", "index.html", pytest.param(f"{300 * 'a'}.png", id="long")),
    ],
)
def test_what_is_no_picture_of_the_job_is_unknown(
    client: Client, job: dict[str, Any], out: Path, name: str
) -> None:
    (out / ".lock").touch()
    (out.parent / "run.json").touch()
    (out / "report.csv").touch()
    (out / "index.html").touch()
    answer = client.get(f"{job['links']['self']}/pictures/{name}")
    assert (answer.status_code, answer.json()["type"]) == (404, "unknown-picture")
