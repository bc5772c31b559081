"""The answers of discovery: kept by the client, and asked after."""

import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from httpx import Client

Serve = Callable[..., AbstractContextManager[Client]]
PATHS = ["/v1", "/v1/limits", "/v1/models", "/v1/models/tiny"]


@pytest.mark.parametrize("path", PATHS)
def test_what_the_client_has_is_not_sent_again(client: Client, path: str) -> None:
    first = client.get(path)
    etag = first.headers["ETag"]
    assert first.headers["Cache-Control"] == "private, no-cache"
    for ask in (client.get, client.head):
        again = ask(path, headers={"If-None-Match": f'"other", {etag}'})
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", etag)
    assert client.get(path, headers={"If-None-Match": '"other"'}).content == first.content
    assert client.head(path).headers["ETag"] == etag


@pytest.mark.parametrize("path", ["/static/page.css", "/examples/horse.jpg"])
def test_the_pages_own_files_are_asked_after_each_time(client: Client, path: str) -> None:
    first = client.get(path)
    again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (first.status_code, again.status_code) == (200, 304)
    assert first.headers["Cache-Control"] == again.headers["Cache-Control"] == "no-cache"


def test_a_model_with_another_card_has_another_etag(serve: Serve, tiny_bundle: Path, tmp_path: Path) -> None:
    bundle = shutil.copytree(tiny_bundle, tmp_path / "weights" / "tiny")
    with serve(weights_dir=bundle.parent) as client:
        before = client.get("/v1/models/tiny").headers["ETag"]
        card = (bundle / "card.json").read_text()
        (bundle / "card.json").write_text(card.replace("Apache-2.0", "CC0-1.0"))
        after = client.get("/v1/models/tiny", headers={"If-None-Match": before})
        assert after.status_code == 200
        assert after.headers["ETag"] != before


@pytest.mark.parametrize("path", ["/v1/models/absent", "/nothing"])
def test_a_problem_is_not_kept(client: Client, path: str) -> None:
    headers = client.get(path, headers={"If-None-Match": "*"}).headers
    assert headers["Content-Type"] == "application/problem+json"
    assert not {"ETag", "Cache-Control"} & {*headers}
