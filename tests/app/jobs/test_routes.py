"""/v1/jobs without a worker: what the API itself decides, and the stream of events."""

import zipfile
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import pytest
from httpx import Client, Response

from app.jobs.desk import Desk, Ticket
from app.jobs.folder import JobFolder
from app.jobs.states import State
from app.keys import KeyRing, Scope
from translation.registry import Registry

URL = "/v1/jobs"
TRAIN = {"kind": "train", "dataset": "pair", "model": "mine", "recipe": "quick"}
TRANSLATE = {"kind": "translate", "dataset": "photos", "model": "tiny", "to": "zebra", "seed": 7}
EXPORT = {"kind": "export", "model": "tiny"}
EVALUATE = {"kind": "evaluate", "dataset": "pair", "model": "tiny"}
COMMON = {"self", "events", "log", "result"}
OF_A_KIND = {"train": {"samples", "evaluations"}, "translate": {"pictures"}}


def order(client: Client, body: dict[str, object] | None = None, **headers: str) -> Response:
    return client.post(URL, json=body or TRANSLATE, headers=headers)


def refused(answer: Response, status: int, slug: str) -> dict[str, object]:
    body: dict[str, object] = answer.json()
    assert (answer.status_code, body["type"]) == (status, slug), body
    return body


@pytest.mark.parametrize("body", [TRAIN, TRANSLATE, EVALUATE, EXPORT], ids=lambda body: str(body["kind"]))
def test_an_order_is_accepted_and_shown(body: dict[str, object], client: Client) -> None:
    answer = order(client, body)
    job = answer.json()
    assert (answer.status_code, answer.headers["Location"]) == (202, job["links"]["self"])
    assert (job["kind"], job["state"], job["progress"]) == (body["kind"], "queued", None)
    assert {name for name, link in job["links"].items() if link} == COMMON | OF_A_KIND.get(job["kind"], set())
    assert {name: value for name, value in job["params"].items() if name in body}.items() <= body.items()
    shown = client.get(answer.headers["Location"])
    assert (shown.json(), shown.headers["Retry-After"]) == (job, "2")
    assert client.get(f"{URL}/{job['id']}/log").text == ""
    refused(client.get(f"{URL}/{job['id']}/result"), 409, "job-unfinished")


@pytest.mark.parametrize(
    ("change", "status", "slug"),
    [
        ({"kind": "paint"}, 422, "bad-parameter"),
        ({"dataset": "../x"}, 422, "bad-parameter"),
        ({"colour": "red"}, 422, "bad-parameter"),
        ({"recipe": "/etc/passwd"}, 422, "bad-parameter"),
        ({"set": {"steps": 3}}, 422, "bad-parameter"),
        ({"set": {"training.start_from": "/etc"}}, 422, "bad-parameter"),
        ({"set": {"evaluation.features": "x.pt"}}, 422, "bad-parameter"),
        ({"set": {"training.steps": {"a": 1}}}, 422, "bad-parameter"),
        ({"minutes": 0}, 422, "bad-parameter"),
        ({"dataset": "absent"}, 404, "unknown-dataset"),
        ({"dataset": "photos"}, 422, "unfit-dataset"),
    ],
    ids=lambda value: str(value),
)
def test_a_bad_order_is_refused_at_once(
    change: dict[str, object], status: int, slug: str, client: Client
) -> None:
    refused(order(client, TRAIN | change), status, slug)
    assert client.get(URL).json()["jobs"] == []


def test_a_bad_field_is_named(client: Client) -> None:
    body = refused(order(client, TRAIN | {"set": {"training.start_from": "/etc"}}), 422, "bad-parameter")
    assert "train.set" in str(body["detail"])
    assert "training.start_from" in str(body["detail"])
    missing = refused(order(client, {"kind": "train", "dataset": "pair"}), 422, "bad-parameter")
    assert missing["detail"] == "train.model is required"


@pytest.mark.parametrize(
    ("change", "status", "slug"),
    [
        ({"model": "absent"}, 404, "unknown-model"),
        ({"to": "lion"}, 422, "bad-parameter"),
        ({"dataset": "pair"}, 422, "unfit-dataset"),
        ({"samples": 17}, 422, "bad-parameter"),
        ({"seed": 2**63}, 422, "bad-parameter"),
    ],
    ids=lambda value: str(value),
)
def test_a_translation_needs_a_model_that_can_do_it(
    change: dict[str, object], status: int, slug: str, client: Client
) -> None:
    refused(order(client, TRANSLATE | change), status, slug)


def test_what_is_left_open_is_settled_with_the_order(ready: Client) -> None:
    job = order(ready, {"kind": "translate", "dataset": "photos", "to": "zebra"}).json()
    assert job["params"]["model"] == "tiny"
    assert job["params"]["version"] == ready.get("/v1/models/tiny").json()["version"]
    assert 0 <= job["params"]["seed"] < 2**53  # as exact in a browser, whose numbers are floats


def test_a_model_whose_card_is_broken_is_told_of_without_a_path(client: Client, data: Path) -> None:
    (data / "models/broken/0123456789abcdef").mkdir(parents=True)
    (data / "models/broken/0123456789abcdef/card.json").write_text("{")
    (data / "models/broken/active").write_text("0123456789abcdef")
    answer = order(client, TRANSLATE | {"model": "broken"})
    assert "'broken'" in refused(answer, 503, "not-ready")["detail"]
    assert str(data) not in answer.text


def test_the_same_key_is_the_same_order(client: Client) -> None:
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: order(client, **{"Idempotency-Key": "k"}), range(8)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(client.get(URL).json()["jobs"]) == 1
    other = order(client, TRANSLATE | {"seed": 8}, **{"Idempotency-Key": "k"})
    refused(other, 422, "idempotency-key-reuse")


def test_jobs_are_listed_the_newest_first_page_by_page(client: Client) -> None:
    made = [order(client, body).json()["id"] for body in (TRAIN, TRANSLATE, EVALUATE, TRANSLATE)]
    client.post(f"{URL}/{made[1]}/cancel")
    first = client.get(URL, params={"limit": 3}).json()
    second = client.get(URL, params={"limit": 3, "cursor": first["next_cursor"]}).json()
    assert [job["id"] for job in first["jobs"] + second["jobs"]] == made[::-1]
    assert second["next_cursor"] is None
    chosen = client.get(URL, params={"kind": "translate", "state": "queued"}).json()
    assert [job["id"] for job in chosen["jobs"]] == [made[3]]
    for query in ("limit=0", "state=x", "kind=x", "cursor=x"):
        refused(client.get(f"{URL}?{query}"), 422, "bad-parameter")


def test_a_dataset_stays_while_a_job_needs_it(client: Client) -> None:
    job = order(client).json()
    assert job["id"] in str(refused(client.delete("/v1/datasets/photos"), 409, "dataset-in-use")["detail"])
    client.post(f"{job['links']['self']}/cancel")
    assert client.delete("/v1/datasets/photos").status_code == 204
    refused(client.post(f"{job['links']['self']}/retry"), 404, "unknown-dataset")


def test_a_version_stays_while_a_job_needs_it(
    client: Client, data: Path, tiny_bundle: Path, retrained: Path
) -> None:
    added = Registry(tiny_bundle.parent, data / "models").add(retrained, "tiny")
    url = f"/v1/models/tiny/versions/{added.version}"
    job = order(client, TRANSLATE | {"version": added.version}).json()
    assert job["id"] in str(refused(client.delete(url), 409, "version-in-use")["detail"])
    client.post(f"{job['links']['self']}/cancel")
    assert client.delete(url).status_code == 204
    refused(client.post(f"{job['links']['self']}/retry"), 404, "unknown-version")


def test_a_model_stays_while_a_job_needs_any_version_of_it(
    client: Client, data: Path, tiny_bundle: Path, retrained: Path
) -> None:
    Registry(tiny_bundle.parent, data / "models").add(retrained, "mine")
    job = order(client, TRANSLATE | {"model": "mine"}).json()
    assert job["id"] in str(refused(client.delete("/v1/models/mine"), 409, "version-in-use")["detail"])
    client.post(f"{job['links']['self']}/cancel")
    assert client.delete("/v1/models/mine").status_code == 204
    refused(client.post(f"{job['links']['self']}/retry"), 404, "unknown-model")


def test_files_of_a_job_are_served_in_parts(client: Client, desk: Desk, data: Path) -> None:
    job = order(client, TRAIN).json()
    folder = JobFolder(data / "runs" / job["id"])
    (folder.path / "samples").mkdir(parents=True)
    (folder.path / "samples/000150.png").write_bytes(b"grid")
    folder.out.mkdir()
    (folder.out / "0.png").write_bytes(b"picture")
    folder.pack(folder.out)
    folder.log.write_text("first\nlast\n")
    desk.take(Ticket(job["id"], 1))
    desk.succeed(Ticket(job["id"], 1), {})
    listed = client.get(job["links"]["samples"]).json()["samples"]
    assert listed == [{"step": 150, "url": f"{job['links']['samples']}/000150.png"}]
    assert client.get(listed[0]["url"]).content == b"grid"
    refused(client.get(f"{job['links']['samples']}/000151.png"), 404, "unknown-sample")
    refused(client.get(f"{job['links']['samples']}/.command"), 422, "bad-parameter")
    assert client.get(job["links"]["log"], params={"tail": 5}).text == "last\n"
    whole = client.get(job["links"]["result"])
    assert zipfile.ZipFile(BytesIO(whole.content)).namelist() == ["0.png"]
    part = client.get(job["links"]["result"], headers={"Range": "bytes=0-1"})
    assert (part.status_code, part.content) == (206, b"PK")


def test_a_result_is_linked_to_for_as_long_as_there_may_be_one(
    client: Client, desk: Desk, data: Path
) -> None:
    done, cancelled = (order(client).json() for _ in range(2))
    folder = JobFolder(data / "runs" / done["id"])
    folder.out.mkdir(parents=True)
    folder.pack(folder.out)
    desk.take(Ticket(done["id"], 1))
    desk.succeed(Ticket(done["id"], 1), {})
    client.post(f"{cancelled['links']['self']}/cancel")

    def linked() -> list[str | None]:
        jobs = [client.get(job["links"]["self"]).json() for job in (done, cancelled)]
        assert client.get(URL).json()["jobs"] == jobs[::-1]
        return [job["links"]["result"] for job in jobs]

    assert linked() == [done["links"]["result"], None]
    folder.remove()  # as in time
    assert linked() == [None, None]
    refused(client.get(done["links"]["result"]), 404, "unknown-result")


def test_a_key_has_its_own_jobs_and_orders_what_its_scopes_say(client: Client, data: Path) -> None:
    ring = KeyRing(data / "keys.json")
    keys = {
        name: {"Authorization": f"Bearer {ring.create(name, frozenset({scope}))[1]}"}
        for name, scope in (("phone", Scope.TRANSLATE), ("lab", Scope.TRAIN), ("root", Scope.ADMIN))
    }
    refused(order(client), 401, "unauthorized")
    refused(order(client, TRAIN, **keys["phone"]), 403, "forbidden")
    refused(order(client, TRANSLATE, **keys["lab"]), 403, "forbidden")
    mine = order(client, TRANSLATE, **keys["phone"]).json()
    order(client, TRAIN, **keys["lab"])
    assert [job["id"] for job in client.get(URL, headers=keys["phone"]).json()["jobs"]] == [mine["id"]]
    assert len(client.get(URL, headers=keys["root"]).json()["jobs"]) == 2
    for path in ("", "/log", "/events", "/result"):
        refused(client.get(mine["links"]["self"] + path, headers=keys["lab"]), 404, "unknown-job")
    refused(client.post(f"{mine['links']['self']}/cancel", headers=keys["lab"]), 404, "unknown-job")
    assert client.post(f"{mine['links']['self']}/cancel", headers=keys["root"]).status_code == 202
    refused(client.delete(mine["links"]["self"], headers=keys["lab"]), 404, "unknown-job")
    assert client.delete(mine["links"]["self"], headers=keys["phone"]).status_code == 204


def test_prometheus_is_told_how_many_there_are_in_each_state(client: Client) -> None:
    first, _ = (order(client).json()["links"]["self"] for _ in range(2))
    client.post(f"{first}/cancel")
    lines = client.get("/metrics").text.splitlines()
    told = {line.split()[0]: float(line.split()[1]) for line in lines if line.startswith("sjmvi_jobs{")}
    assert len(told) == len(State)
    assert told['sjmvi_jobs{state="queued"}'] == told['sjmvi_jobs{state="cancelled"}'] == 1
    assert sum(told.values()) == 2
