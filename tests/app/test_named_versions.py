"""A translation names the version that it is made by, whichever is in use."""

import io
import zipfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from httpx import Client, Response

from translation.weights import load_bundle

Serve = Callable[..., AbstractContextManager[Client]]
TRANSLATE = "/v1/translations?to=zebra&seed=7&model=tiny"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def publish(client: Client, folder: Path) -> str:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for file in folder.iterdir():
            archive.write(file, file.name)
    headers = {"Content-Type": "application/zip"}
    answer = client.post("/v1/models/tiny/versions", content=buffer.getvalue(), headers=headers)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["version"])


def digest_in_use(client: Client, picture: bytes) -> str:
    answer = client.post(TRANSLATE, content=picture, headers={"Content-Type": "image/jpeg"})
    return str(answer.headers["SJMVI-Model-Digest"])


def assert_problem(answer: Response, status: int, slug: str) -> None:
    assert (answer.status_code, answer.json()["type"]) == (status, slug), answer.text


def test_a_version_that_is_not_in_use_translates_when_it_is_named(
    serve: Serve, data: Path, retrained: Path, photograph: bytes
) -> None:
    """One at a time: there is room for one model alone."""
    with serve(data_dir=data, max_models_bytes=0) as client:
        before, after = digest_in_use(client, photograph), load_bundle(retrained).digest
        publish(client, retrained)
        for digest in (after, before, after):
            headers = {"Content-Type": "image/jpeg"}
            answer = client.post(f"{TRANSLATE}&version={digest[:16]}", content=photograph, headers=headers)
            named = [answer.headers[f"SJMVI-Model{part}"] for part in ("", "-Version", "-Digest")]
            assert named == ["tiny", digest[:16], digest]
            as_json = client.post(
                f"{TRANSLATE}&version={digest[:16]}",
                content=photograph,
                headers=headers | {"Accept": "application/json"},
            )
            assert [as_json.json()[name] for name in ("version", "digest")] == [digest[:16], digest]
            gauge = f'sjmvi_model_info{{digest="{digest}",model="tiny"}} 1.0'
            assert [line for line in client.get("/metrics").text.splitlines() if "model_info{" in line] == [
                gauge
            ]
        assert digest_in_use(client, photograph) == before
        for wrong in ("0" * 16, "../tiny", "active"):
            query = {"to": "zebra", "model": "tiny", "version": wrong}
            refused = client.post("/v1/translations", params=query, content=photograph, headers=headers)
            assert_problem(refused, 404, "unknown-version")


def test_a_named_version_that_cannot_be_loaded_is_told_of_and_the_one_in_use_serves(
    serve: Serve, data: Path, retrained: Path, photograph: bytes
) -> None:
    with serve(data_dir=data, max_models_bytes=0) as client:
        version = publish(client, retrained)
        before = digest_in_use(client, photograph)  # for which the other had to go
        next((data / "models/tiny" / version).glob("z_given_x.*")).write_bytes(b"changed on the disk")
        query = f"{TRANSLATE}&version={version}"
        refused = client.post(query, content=photograph, headers={"Content-Type": "image/jpeg"})
        assert_problem(refused, 503, "not-ready")
        assert digest_in_use(client, photograph) == before
