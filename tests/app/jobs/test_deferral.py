"""A translation that is not waited for: a job, with what an answer would have been made with."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from httpx import Client

from app.engine import engine
from translation.registry import Registry

Serve = Callable[..., AbstractContextManager[Client]]
TRANSLATE = "/v1/translations?to=zebra"
JPEG = {"Content-Type": "image/jpeg"}
LATER = JPEG | {"Prefer": "respond-async, wait=10"}


def test_it_becomes_a_job_and_a_refused_one_leaves_nothing(
    ready: Client, photograph: bytes, data: Path
) -> None:
    headers = LATER | {"Idempotency-Key": "k"}
    query = f"{TRANSLATE}&samples=2&format=webp&embed_metadata=false"
    first, again = (ready.post(query, content=photograph, headers=headers) for _ in range(2))
    assert (first.status_code, first.headers["Preference-Applied"]) == (202, "respond-async")
    job = first.json()
    assert (job["kind"], job["params"]["samples"], job["params"]["format"]) == ("translate", 2, "webp")
    assert again.json()["id"] == job["id"]
    assert {name for name, link in job["links"].items() if link} == {"self", "events", "log", "result"}
    other = ready.post(f"{query}&seed=8", content=photograph, headers=headers)
    assert (other.status_code, other.json()["type"]) == (422, "idempotency-key-reuse")
    bad = ready.post(query, content=b"no picture", headers=headers)
    assert (bad.status_code, bad.json()["type"]) == (415, "unsupported-image-format")
    assert [path.name for path in (data / "runs").iterdir()] == [job["id"]]


def test_a_job_and_an_answer_are_made_by_the_same_model_where_none_is_named(
    ready: Client, data: Path, tiny_bundle: Path, photograph: bytes
) -> None:
    Registry(tiny_bundle.parent, data / "models").add(tiny_bundle, "aaa")
    answer, later = (ready.post(TRANSLATE, content=photograph, headers=headers) for headers in (JPEG, LATER))
    order = {"kind": "translate", "dataset": "photos", "to": "zebra"}
    ordered = ready.post("/v1/jobs", json=order)
    assert answer.headers["SJMVI-Model"] == "tiny"
    assert [each.json()["params"]["model"] for each in (later, ordered)] == ["tiny", "tiny"]


def test_more_than_may_wait_are_told_to_come_again_and_leave_nothing(
    serve: Serve, data: Path, photograph: bytes
) -> None:
    with serve(data_dir=data, max_unfinished_jobs=1) as client:
        first, second = (client.post(TRANSLATE, content=photograph, headers=LATER) for _ in range(2))
        assert (first.status_code, second.status_code) == (202, 429)
        assert (second.json()["type"], second.json()["limit"]) == ("too-many-jobs", 1)
        assert int(second.headers["Retry-After"]) >= 1
        assert [path.name for path in (data / "runs").iterdir()] == [first.json()["id"]]
        assert client.get("/v1/limits").json()["max_unfinished_jobs"] == 1
        client.post(f"{first.json()['links']['self']}/cancel").raise_for_status()
        assert client.post(TRANSLATE, content=photograph, headers=LATER).status_code == 202


def test_one_of_too_many_pixels_is_refused_before_it_is_decoded(
    serve: Serve, photograph: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve(max_output_pixels=61 * 43 * 2) as client:
        monkeypatch.setattr(engine, "decode", None)
        refused = client.post(f"{TRANSLATE}&samples=3", content=photograph, headers=LATER)
    assert (refused.status_code, refused.json()["type"]) == (413, "too-many-pixels")
