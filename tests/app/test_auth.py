"""Who may call what over HTTP, while keys come and go."""

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from httpx import Client, Response

from app.auth import is_open, scope_of
from app.cli import execute
from app.keys import KeyRing, Scope
from app.settings import Settings

Serve = Callable[..., AbstractContextManager[Client]]
URL = "/v1/translations?to=zebra&seed=7"
OPEN = [
    *("/", "/batch", "/train", "/models", "/jobs", "/settings", "/docs"),
    "/openapi.json",
    "/livez",
    "/readyz",
    "/static/page.css",
    "/examples/horse.jpg",
]
CLOSED = [
    "/v1",
    "/v1/",
    "/v1/limits",
    "/v1/models/tiny",
    "/v1/nothing",
    "/nothing",
    "/v1/models/%0a",
    "/static",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys")


@pytest.fixture(scope="module")
def secrets(folder: Path) -> dict[str, str]:
    """A key in force by the name of its only scope, and one that is revoked."""
    ring = KeyRing(folder / "keys.json")
    made = {name: ring.create(name, frozenset({Scope(name)}))[1] for name in Scope}
    _, made["revoked"] = ring.create("revoked", frozenset({Scope.ADMIN}))
    ring.revoke("revoked")
    return made


@pytest.fixture(scope="module")
def closed(serve: Serve, folder: Path, secrets: dict[str, str]) -> Iterator[Client]:
    with serve(data_dir=folder) as client:
        yield client


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def assert_refused(answer: Response, status: int, slug: str) -> None:
    assert (answer.status_code, answer.json()["type"]) == (status, slug)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="sjmvi"')


@pytest.mark.parametrize("path", OPEN)
def test_pages_and_health_need_no_key(closed: Client, path: str) -> None:
    assert closed.get(path).status_code == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("path", CLOSED)
def test_all_else_needs_a_key(closed: Client, method: str, path: str) -> None:
    answer = closed.request(method, path)
    assert answer.status_code == 401
    assert "WWW-Authenticate" in answer.headers


@pytest.mark.parametrize("headers", [bearer("sjmvi_wrong"), bearer("x" * 1000), {"X-API-Key": "sjmvi_wrong"}])
def test_a_wrong_key_is_told_from_none(closed: Client, headers: dict[str, str]) -> None:
    assert "error=" not in closed.get("/v1/models").headers["WWW-Authenticate"]
    refused = closed.get("/v1/models", headers=headers)
    assert_refused(refused, 401, "unauthorized")
    assert refused.headers["WWW-Authenticate"].endswith('error="invalid_token"')


def test_a_revoked_key_and_other_schemes_are_no_key(closed: Client, secrets: dict[str, str]) -> None:
    assert_refused(closed.get("/v1", headers=bearer(secrets["revoked"])), 401, "unauthorized")
    basic = {"Authorization": f"Basic {secrets['admin']}"}
    assert_refused(closed.get("/v1", headers=basic), 401, "unauthorized")


@pytest.mark.parametrize("name", Scope)
def test_every_key_reads_what_there_is(closed: Client, secrets: dict[str, str], name: str) -> None:
    for path in ("/v1", "/v1/limits", "/v1/models", "/v1/models/tiny"):
        assert closed.get(path, headers=bearer(secrets[name])).status_code == 200
        assert closed.get(path, headers={"X-API-Key": secrets[name]}).status_code == 200


def test_a_translation_needs_its_scope(closed: Client, secrets: dict[str, str], photograph: bytes) -> None:
    jpeg = {"Content-Type": "image/jpeg"}
    for name, status in (("translate", 200), ("admin", 200), ("train", 403)):
        answer = closed.post(URL, content=photograph, headers=jpeg | bearer(secrets[name]))
        assert answer.status_code == status
    assert_refused(answer, 403, "forbidden")
    assert "scope translate" in answer.json()["detail"]
    assert answer.headers["WWW-Authenticate"].endswith('scope="translate"')


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "/v1/models/tiny", None),
        ("HEAD", "/v1/models/tiny", None),
        ("PUT", "/v1/models/tiny/active", Scope.ADMIN),
        ("POST", "/v1/models", Scope.ADMIN),
        ("DELETE", "/v1/models/tiny", Scope.ADMIN),
        ("GET", "/v1/results/abc", Scope.TRANSLATE),
        ("POST", "/v1/datasets", Scope.TRAIN),
        ("DELETE", "/v1/datasets/ellipses", Scope.TRAIN),
        ("GET", "/v1/forgotten", Scope.ADMIN),
        ("GET", "/v1/models/\n", Scope.ADMIN),
    ],
)
def test_the_table_gives_each_call_its_scope(method: str, path: str, scope: Scope | None) -> None:
    assert scope_of(method, path) == scope
    assert not is_open(path)


def test_the_first_key_closes_a_running_service_for_good(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SJMVI_DATA_DIR", str(tmp_path))
    with serve(data_dir=tmp_path, warm=False) as client:
        assert client.get("/v1").status_code == 200
        assert execute(["keys", "create", "phone", "--scopes", "translate"]) == 0
        secret = capsys.readouterr().out.strip()
        assert client.get("/v1").status_code == 401
        assert client.get("/v1", headers=bearer(secret)).status_code == 200
        assert execute(["keys", "revoke", "phone"]) == 0
        assert client.get("/v1", headers=bearer(secret)).status_code == 401
        assert client.get("/v1").status_code == 401
        (tmp_path / "keys.json").write_text("broken")
        refused = client.get("/v1", headers=bearer(secret))
        assert (refused.status_code, refused.json()["type"]) == (503, "corrupt-keys")
        assert str(tmp_path) not in refused.text
        assert client.get("/livez").status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])
def test_another_address_than_loopback_needs_a_key(
    host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SJMVI_DATA_DIR", str(tmp_path))
    assert execute(["serve", "--host", host]) == 2
    assert "public-without-keys" in capsys.readouterr().err
    assert Settings(host=host, insecure_no_auth=True).is_open_without_keys
    assert all(Settings(host=host).is_open_without_keys for host in ("127.0.0.9", "::1", "localhost"))


def test_without_a_key_the_public_is_never_let_in(serve: Serve, tmp_path: Path) -> None:
    with serve(data_dir=tmp_path, host="0.0.0.0", warm=False) as client:  # its keys were deleted, say
        assert client.get("/v1").status_code == 401
        assert client.get("/livez").status_code == 200


def test_no_key_is_logged_or_answered(
    closed: Client, secrets: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        for secret in (*secrets.values(), "sjmvi_wrong"):
            for method, path in (("GET", "/v1/models"), ("POST", URL), ("PUT", "/v1/models/tiny")):
                answer = closed.request(method, path, headers=bearer(secret))
                assert secret not in answer.text + str(answer.headers)
    ours = [record for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))]
    assert not [record for record in ours if "sjmvi_" in record.getMessage()]
