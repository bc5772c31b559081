from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from httpx import Client
from jsonschema import Draft202012Validator

from app.errors import PROBLEMS
from app.keys import KeyRing, Scope
from app.negotiation import JSON, PICTURES, ZIP
from app.problems import MEDIA_TYPE

Serve = Callable[..., AbstractContextManager[Client]]


def test_what_the_discovery_links_to_is_there(client: Client) -> None:
    discovery = client.get("/v1").json()
    assert {*discovery["links"]} >= {"models", "limits", "openapi", "docs"}
    for path in discovery["links"].values():
        assert client.get(path).status_code == (405 if path == "/v1/translations" else 200)
    assert client.get("/v1/limits").json() == discovery["limits"]
    assert discovery["limits"]["max_body_bytes"] == 20_000_000


def test_the_models_are_listed_and_shown_with_their_cards(client: Client) -> None:
    (listed,) = client.get("/v1/models").json()["models"]
    shown = client.get("/v1/models/tiny").json()
    assert (listed["name"], listed["domains"]) == ("tiny", ["horse", "zebra"])
    assert (listed["training_size"], listed["process_size"]) == (32, 32)
    assert listed["directions"] == [{"source": "horse", "to": "zebra"}, {"source": "zebra", "to": "horse"}]
    assert {name: shown[name] for name in listed} == listed
    assert shown["card"]["files"]


@pytest.mark.parametrize("path", ["/", "/batch"])
def test_a_page_says_that_its_model_is_gone_and_offers_another(path: str, client: Client) -> None:
    page = client.get(path, params={"model": "<b>gone"})
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "There is no model named &lt;b&gt;gone: this is tiny." in page.text
    for query in ("", "?model=", "?model=tiny"):
        page = client.get(f"{path}{query}")
        assert (page.status_code, "There is no model" in page.text) == (200, False)


PAGES = "/ /docs /favicon.ico /static/page.css /examples/horse.jpg /openapi.json"
CALLS = "/livez /readyz /v1 /v1/limits /v1/models /v1/models/tiny /v1/models/absent /nothing /v1/translations"


@pytest.mark.parametrize("path", [*PAGES.split(), *CALLS.split()])
def test_head_is_answered_as_get_without_the_body(client: Client, path: str) -> None:
    got, asked = client.get(path), client.head(path)
    assert asked.content == b""
    assert asked.status_code == got.status_code
    for name in ("Content-Type", "Content-Length", "Allow", "X-Content-Type-Options"):
        assert asked.headers.get(name) == got.headers.get(name)


@pytest.mark.parametrize("path", ["/", "/docs", "/livez", "/v1/models", "/nothing", "/static/page.css"])
def test_every_answer_is_safe_in_a_browser(client: Client, path: str) -> None:
    headers = client.get(path, headers={"SJMVI-Request-Id": "no id/"}).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert headers["SJMVI-Request-Id"].isalnum()


def test_the_schema_declares_pictures_both_ways_and_every_problem(client: Client) -> None:
    operation = client.get("/openapi.json").json()["paths"]["/v1/translations"]["post"]
    body = operation["requestBody"]["content"]
    assert body["image/*"]["schema"]["format"] == "binary"
    assert body["multipart/form-data"]["schema"]["properties"]["image"]["format"] == "binary"
    responses = operation["responses"]
    assert set(responses["200"]["content"]) == {*PICTURES.values(), ZIP, JSON}
    assert responses["200"]["content"]["image/png"]["schema"]["format"] == "binary"
    statuses = {str(row.status) for row in PROBLEMS.values()} - {"499", "409"}  # that of datasets
    assert {*responses} == statuses | {"200", "202"}
    assert all(set(responses[status]["content"]) == {MEDIA_TYPE} for status in statuses)
    fields = body["multipart/form-data"]["schema"]["properties"]
    assert {row["name"] for row in operation["parameters"] if row["in"] == "query"} | {"image"} == {*fields}


def test_the_schema_declares_what_a_call_may_meet_on_its_way(client: Client) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    assert {*paths["/metrics"]["get"]["responses"]} == {"200", "401", "403", "500", "503"}
    assert {"403", "421", "429"} <= {*paths["/v1/jobs/{id}/cancel"]["post"]["responses"]}
    orders = [methods["post"] for path, methods in paths.items() if "/jobs" in path and "post" in methods]
    assert len(orders) >= 5
    assert all("507" in order["responses"] for order in orders)
    translation = paths["/v1/translations"]["post"]["responses"]
    sent = {status: [*row["headers"]] for status, row in translation.items() if status >= "400"}
    assert sent["401"] == sent["403"] == ["WWW-Authenticate"]
    assert sent["429"] == sent["503"] == ["Retry-After"]
    assert sent["422"] == []
    assert "absent where" in translation["503"]["headers"]["Retry-After"]["description"]


def test_the_schema_declares_the_headers_of_a_translation(client: Client) -> None:
    operation = client.get("/openapi.json").json()["paths"]["/v1/translations"]["post"]
    assert {"SJMVI-Warning", "SJMVI-Seed"} <= {*operation["responses"]["200"]["headers"]}
    assert {"Preference-Applied", "Location"} <= {*operation["responses"]["202"]["headers"]}
    (key,) = (row for row in operation["parameters"] if row["name"].lower() == "idempotency-key")
    assert key["description"].startswith("of Prefer: respond-async alone")
    assert key["schema"]["anyOf"][0]["maxLength"] == 255


def test_every_operation_has_a_name_of_its_own(client: Client) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    names = [operation["operationId"] for methods in paths.values() for operation in methods.values()]
    assert len(names) == len(set(names)) >= 8


def test_the_description_has_examples_of_all_answers_and_they_fit(client: Client) -> None:
    document = client.get("/openapi.json").json()
    schemas = document["components"]["schemas"]
    assert document["openapi"].startswith("3.1")
    for operation in (each for methods in document["paths"].values() for each in methods.values()):
        for status, answer in operation["responses"].items():
            if status in {"204", "304"} or (status < "300" and JSON not in answer["content"]):
                continue  # no body, or one of pictures
            if status < "300":
                name = answer["content"][JSON]["schema"]["$ref"].rsplit("/", 1)[1]
                examples = schemas[name]["examples"]
            else:
                name, examples = "ProblemDetails", [answer["content"][MEDIA_TYPE]["example"]]
                assert examples[0]["status"] == int(status)
            validator = Draft202012Validator({"$ref": f"#/components/schemas/{name}", **document})
            assert examples
            assert [error.message for each in examples for error in validator.iter_errors(each)] == []


def test_the_description_asks_for_keys_where_the_service_does(serve: Serve, tmp_path: Path) -> None:
    with serve(data_dir=tmp_path, warm=False) as client:
        before = client.get("/openapi.json").json()
        KeyRing(tmp_path / "keys.json").create("phone", frozenset({Scope.TRANSLATE}))
        after = client.get("/openapi.json").json()
    assert "securitySchemes" not in before["components"]
    assert after["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    paths = after["paths"]
    assert paths["/v1/translations"]["post"]["security"] == [{"key": ["translate"]}]
    assert paths["/v1/models"]["get"]["security"] == [{"key": []}]
    assert "403" not in paths["/v1/models"]["get"]["responses"]
    assert "security" not in paths["/livez"]["get"]
    assert "401" not in paths["/livez"]["get"]["responses"]
