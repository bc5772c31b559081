"""What no call of /v1 takes in silence, by the service's own description of its calls."""

import re
from pathlib import Path
from typing import Any

import pytest
from httpx import Client

from app.main import create_app
from app.negotiation import JSON
from app.settings import Settings

PATHS: dict[str, Any] = create_app(Settings(device="cpu", data_dir=Path("/nowhere"))).openapi()["paths"]
CALLS = {
    f"{method.upper()} {path}": operation
    for path, methods in PATHS.items()
    for method, operation in methods.items()
    if path.startswith("/v1")
}
WITH_JSON = [
    call for call, operation in CALLS.items() if JSON in operation.get("requestBody", {}).get("content", {})
]


@pytest.mark.parametrize("call", CALLS)
def test_an_unknown_parameter_of_the_query_is_refused(call: str, client: Client) -> None:
    method, path = call.split()
    refused = client.request(method, re.sub(r"{\w+}", "absent", path), params={"stat": "running"})
    assert (refused.status_code, refused.json()["type"]) == (422, "bad-parameter"), refused.text
    assert refused.json()["errors"] == [{"parameter": "stat", "message": "is not known here"}]


@pytest.mark.parametrize("media_type", ["text/plain", "application/xml", "multipart/form-data", None])
@pytest.mark.parametrize("call", WITH_JSON)
def test_a_body_that_is_declared_no_json_is_not_read_as_such(
    call: str, media_type: str | None, client: Client
) -> None:
    method, path = call.split()
    headers = {"Content-Type": media_type} if media_type else {}
    url = re.sub(r"{\w+}", "absent", path)
    refused = client.request(method, url, content=b'{"version": "1"}', headers=headers)
    assert (refused.status_code, refused.json()["type"]) == (415, "unsupported-media-type"), refused.text
    assert JSON in refused.json()["detail"]
    assert "415" in CALLS[call]["responses"]


@pytest.mark.parametrize("media_type", ["Application/JSON; charset=utf-8", "application/merge-patch+json"])
def test_json_by_any_of_its_names_is_read(media_type: str, client: Client) -> None:
    headers = {"Content-Type": media_type}
    answer = client.put("/v1/models/absent/active", content=b'{"version": "1"}', headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (404, "unknown-model"), answer.text
