"""A translation that is not waited for: a job, with what an answer would have been made with."""

from pathlib import Path

from httpx import Client

from translation.registry import Registry

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
