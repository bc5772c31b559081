"""Who calls too often is told when to come back; who never does is told how much is left."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from httpx import Client
from pydantic import ValidationError

from app.keys import KeyRing, Scope
from app.rate_limit import counted_address
from app.settings import Settings

Serve = Callable[..., AbstractContextManager[Client]]


@pytest.fixture
def ring(tmp_path: Path) -> KeyRing:
    return KeyRing(tmp_path / "keys.json")


def bearer(ring: KeyRing, name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {ring.create(name, frozenset({Scope.TRANSLATE}))[1]}"}


def test_a_key_is_counted_by_itself_and_refused_beyond_its_rate(
    serve: Serve, tmp_path: Path, ring: KeyRing
) -> None:
    first, second = bearer(ring, "first"), bearer(ring, "second")
    with serve(data_dir=tmp_path, rate_limit="3/hour", warm=False) as client:
        for left in (2, 1, 0):
            answer = client.get("/v1/limits", headers=first)
            assert answer.status_code == 200
            assert answer.headers["RateLimit-Policy"] == '"calls";q=3;w=3600'
            assert answer.headers["RateLimit"].startswith(f'"calls";r={left};t=')
        refused = client.get("/v1/limits", headers=first)
        assert (refused.status_code, refused.json()["type"]) == (429, "rate-limited")
        assert refused.headers["content-type"] == "application/problem+json"
        assert 3590 < int(refused.headers["Retry-After"]) <= 3600
        assert refused.headers["RateLimit"] == f'"calls";r=0;t={refused.headers["Retry-After"]}'
        assert client.get("/v1/limits", headers=second).status_code == 200
        for path in ("/", "/livez", "/static/page.css", "/openapi.json"):
            assert client.get(path, headers=first).status_code == 200
            assert "RateLimit" not in client.get(path).headers


def test_this_machine_is_not_counted_and_others_are_by_address(serve: Serve, tmp_path: Path) -> None:
    with serve(data_dir=tmp_path, rate_limit="1/hour", warm=False) as client:
        for _ in range(3):
            answer = client.get("/v1")
            assert answer.status_code == 200
            assert "RateLimit" not in answer.headers
        one, other = (
            {"X-Forwarded-For": f"192.0.2.{number}"} for number in (1, 2)
        )  # a proxy on this machine
        assert [client.get("/v1", headers=one).status_code for _ in range(2)] == [200, 429]
        assert client.get("/v1", headers=other).status_code == 200


def test_a_rate_of_0_counts_nobody(serve: Serve, tmp_path: Path, ring: KeyRing) -> None:
    key = bearer(ring, "key")
    with serve(data_dir=tmp_path, rate_limit="0", warm=False) as client:
        assert "RateLimit" not in client.get("/v1", headers=key).headers


def test_an_address_of_version_6_counts_as_its_network() -> None:
    assert (
        counted_address("2001:db8::1")
        == counted_address("2001:db8::ffff:1")
        != counted_address("2001:db9::1")
    )
    assert counted_address("192.0.2.1") != counted_address("192.0.2.2")
    assert counted_address("::1") is None
    assert counted_address("127.0.0.9") is None


@pytest.mark.parametrize("rate", ["", "many", "3", "3/moon", "300/minute;5/second", "0/minute"])
def test_a_rate_that_cannot_be_counted_is_no_setting(rate: str) -> None:
    with pytest.raises(ValidationError, match="rate_limit"):
        Settings(rate_limit=rate)
