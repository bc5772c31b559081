"""Stored pictures over HTTP: what the JSON answer of a translation links to."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pytest
from httpx import Client, Response
from PIL import Image

from app.negotiation import JSON, PICTURES

Serve = Callable[..., AbstractContextManager[Client]]


def translate(client: Client, picture: bytes, accept: str = JSON, **parameters: str | int) -> Response:
    query = {"to": "zebra", "seed": 7, **parameters}
    return client.post("/v1/translations", params=query, files={"image": picture}, headers={"Accept": accept})


def link(client: Client, picture: bytes, **parameters: str | int) -> str:
    answer = translate(client, picture, **parameters)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["pictures"][0]["url"])


@pytest.fixture
def url(client: Client, photograph: bytes) -> str:
    return link(client, photograph)


@pytest.mark.parametrize("name", PICTURES)
def test_a_link_leads_to_the_picture_that_a_direct_answer_is(
    client: Client, photograph: bytes, name: str
) -> None:
    stored = client.get(link(client, photograph, format=name))
    assert stored.content == translate(client, photograph, PICTURES[name]).content
    assert stored.headers["Content-Type"] == PICTURES[name]
    assert Image.open(BytesIO(stored.content)).size == (61, 43)


def test_a_result_can_be_kept_for_ever(client: Client, url: str) -> None:
    answer = client.get(url)
    digest = sha256(answer.content).hexdigest()
    assert url == f"/v1/results/{digest}"
    assert answer.headers["ETag"] == f'"{digest}"'
    assert answer.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    assert answer.headers["Content-Disposition"] == f'inline; filename="{digest[:16]}.png"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("named", ["{}", "W/{}", '"other", {}', "*"])
def test_a_result_that_the_client_has_is_not_sent_again(client: Client, url: str, named: str) -> None:
    etag = client.get(url).headers["ETag"]
    answer = client.get(url, headers={"If-None-Match": named.format(etag)})
    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["ETag"] == etag
    assert "immutable" in answer.headers["Cache-Control"]
    assert client.get(url, headers={"If-None-Match": '"other"'}).status_code == 200


def test_head_says_of_a_result_what_get_does(client: Client, url: str) -> None:
    got, asked = client.get(url), client.head(url, headers={"Range": "bytes=0-1"})
    assert (asked.status_code, asked.content) == (200, b"")
    for name in ("ETag", "Cache-Control", "Content-Type", "Content-Length", "Accept-Ranges"):
        assert asked.headers[name] == got.headers[name]


def test_a_part_of_a_result_can_be_asked_for(client: Client, url: str) -> None:
    whole = client.get(url).content
    part = client.get(url, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, whole[10:20])
    assert part.headers["Content-Range"] == f"bytes 10-19/{len(whole)}"


@pytest.mark.parametrize(("asked", "status"), [("bytes=99999999-", 416), ("lines=1-2", 400)])
def test_a_part_that_is_not_there_is_a_problem_like_any_other(
    client: Client, url: str, asked: str, status: int
) -> None:
    answer = client.get(url, headers={"Range": asked})
    assert (answer.status_code, answer.json()["status"]) == (status, status)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert "Cache-Control" not in answer.headers
    if status == 416:
        assert answer.headers["Content-Range"].startswith("bytes */")


@pytest.mark.parametrize("name", ["0" * 64, "F" * 64, "0" * 63, "%2e%2e%2fkeys.json", "x", "0" * 64 + ".png"])
def test_what_is_no_digest_of_a_result_is_unknown(client: Client, url: str, name: str) -> None:
    answer = client.get(f"/v1/results/{name}")
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"
    if "%2f" not in name:
        assert answer.json()["type"] == "unknown-result"


def test_links_outlive_a_restart(serve: Serve, photograph: bytes, tmp_path: Path) -> None:
    with serve(data_dir=tmp_path) as client:
        url = link(client, photograph)
        content = client.get(url).content
    with serve(data_dir=tmp_path, warm=False) as client:
        assert client.get(url).content == content


def test_the_budget_lets_the_oldest_go_and_reading_does_not_keep_them_for_ever(
    serve: Serve, photograph: bytes, tmp_path: Path
) -> None:
    with serve() as client:
        size_bytes = translate(client, photograph).json()["pictures"][0]["bytes"]
    with serve(data_dir=tmp_path, max_results_bytes=5 * size_bytes // 2) as client:
        urls = [link(client, photograph, seed=seed) for seed in (1, 2)]
        assert client.get(urls[0]).status_code == 200
        urls.append(link(client, photograph, seed=3))
        assert [client.get(url).status_code for url in urls] == [200, 404, 200]
        urls += [link(client, photograph, seed=seed) for seed in (4, 5)]
        assert [client.get(url).status_code for url in urls] == [404, 404, 404, 200, 200]
        refused = translate(client, photograph, samples=4)
        assert (refused.status_code, refused.json()["type"]) == (507, "out-of-space")
        assert client.get(urls[-1]).status_code == 200
        assert len([path for path in (tmp_path / "results").rglob("*") if path.is_file()]) == 2


def test_where_nothing_can_be_stored_the_picture_still_comes(
    serve: Serve, photograph: bytes, tmp_path: Path
) -> None:
    (tmp_path / "results").write_text("no folder")
    with serve(data_dir=tmp_path) as client:
        refused = translate(client, photograph)
        assert (refused.status_code, refused.json()["type"]) == (507, "cannot-store")
        assert str(tmp_path) not in refused.text
        assert "image/png" in refused.json()["detail"]
        assert translate(client, photograph, "image/png").status_code == 200
        assert translate(client, photograph, "*/*", samples=2).headers["Content-Type"] == "application/zip"
