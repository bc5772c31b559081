"""What a page of another site has a browser send to a service without keys."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from httpx import Client, Response

from app.keys import KeyRing, Scope
from app.settings import Settings

Serve = Callable[..., AbstractContextManager[Client]]
URL = "/v1/translations?to=zebra&seed=7"
JPEG = {"Content-Type": "image/jpeg"}
EVIL = "https://evil.example"


def translate(client: Client, picture: bytes, headers: dict[str, str]) -> Response:
    return client.post(URL, content=picture, headers=JPEG | headers)


def assert_refused(answer: Response, status: int, slug: str) -> None:
    assert (answer.status_code, answer.json()["type"]) == (status, slug), answer.text
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


OWN = {
    "curl": {},
    "its page": {"Sec-Fetch-Site": "same-origin", "Origin": "http://127.0.0.1:{port}"},
    "its page, of an older browser": {"Origin": "http://127.0.0.1:{port}"},
    "its page by a name of this machine": {"Host": "LocalHost:8000", "Origin": "http://localhost:8000"},
    "its page in version 6": {"Host": "[::1]:8000", "Origin": "http://[::1]:8000"},
    "its page behind a TLS proxy": {"Sec-Fetch-Site": "same-origin", "Origin": "https://sjmvi.example"},
    "what a person typed": {"Sec-Fetch-Site": "none"},
}
OTHERS = {
    "another site": {"Sec-Fetch-Site": "cross-site", "Origin": EVIL},
    "another site in an older browser": {"Origin": EVIL},
    "another port of this machine": {"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1:1"},
    "that port in an older browser": {"Origin": "http://127.0.0.1:1"},
    "a page without origin": {"Origin": "null"},
    "a forged proxy": {"Origin": EVIL, "X-Forwarded-Host": "evil.example"},
    "an origin that cannot be read": {"Origin": "http://[::1"},
}


@pytest.mark.parametrize("headers", OWN.values(), ids=OWN)
def test_its_own_page_and_what_is_no_browser_may_write(
    client: Client, photograph: bytes, headers: dict[str, str]
) -> None:
    sent = {name: value.format(port=client.base_url.port) for name, value in headers.items()}
    assert translate(client, photograph, sent).status_code == 200


@pytest.mark.parametrize("headers", OTHERS.values(), ids=OTHERS)
def test_a_page_of_another_origin_may_not_write(
    client: Client, photograph: bytes, headers: dict[str, str]
) -> None:
    assert_refused(translate(client, photograph, headers), 403, "cross-origin")
    assert_refused(client.delete("/v1/datasets/some", headers=headers), 403, "cross-origin")
    assert client.get("/v1/models", headers=headers).status_code == 200  # a link, whose answer it cannot read


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "localhost.evil.example", "[::1"]
)
def test_a_name_that_was_made_to_lead_here_is_not_the_services(client: Client, host: str) -> None:
    for method, path in (("GET", "/v1/models"), ("DELETE", "/v1/datasets/some")):
        forged = {"Host": host, "Origin": f"http://{host}", "X-Forwarded-Host": "localhost"}
        refused = client.request(method, path, headers=forged)
        assert_refused(refused, 421, "unknown-host")
        assert "SJMVI_ALLOWED_HOSTS" in refused.json()["detail"]
    assert client.get("/livez", headers={"Host": host}).status_code == 200


@pytest.fixture(scope="module")
def on_network(serve: Serve) -> Iterator[Client]:
    """As in a container, of which no name is known."""
    with serve(host="0.0.0.0", insecure_no_auth=True, allowed_hosts="Sjmvi.Example, b", warm=False) as client:
        yield client


@pytest.mark.parametrize(
    ("host", "status"),
    [
        *((name, 200) for name in ("192.0.2.7:8000", "localhost", "api:8000", "gpu.local", "a.svc.internal")),
        *((name, 200) for name in ("sjmvi.example", "SJMVI.example.:443")),
        *((name, 421) for name in ("evil.example", "evil.sjmvi.example", "local.example")),
    ],
)
def test_on_a_network_it_has_the_names_that_only_a_network_gives(
    on_network: Client, host: str, status: int
) -> None:
    assert on_network.get("/v1/models", headers={"Host": host}).status_code == status


def test_a_name_that_was_given_is_an_origin_whatever_the_proxy_calls(on_network: Client) -> None:
    for origin, status in (("http://sjmvi.example", 404), (EVIL, 403)):
        headers = {"Host": "10.0.0.1:8000", "Origin": origin}
        assert on_network.delete("/v1/datasets/some", headers=headers).status_code == status


def test_with_a_key_no_name_and_no_origin_matters(serve: Serve, tmp_path: Path) -> None:
    _, secret = KeyRing(tmp_path / "keys.json").create("proxy", frozenset({Scope.ADMIN}))
    headers = {"Host": "sjmvi.example", "Origin": EVIL, "Sec-Fetch-Site": "cross-site"}
    with serve(data_dir=tmp_path, warm=False) as client:
        key = {"Authorization": f"Bearer {secret}"}
        assert client.delete("/v1/datasets/some", headers=headers | key).status_code == 404
        assert client.delete("/v1/datasets/some", headers=headers).status_code == 401


def test_any_name_can_be_allowed_and_no_origin_by_that(serve: Serve) -> None:
    with serve(allowed_hosts="*", warm=False) as client:
        assert client.get("/v1/models", headers={"Host": "any.example"}).status_code == 200
        assert client.delete("/v1/datasets/some", headers={"Origin": EVIL}).status_code == 403


def test_names_come_from_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SJMVI_ALLOWED_HOSTS", "a.example, B.example,")
    assert Settings().allowed_hosts == {"a.example", "b.example"}
