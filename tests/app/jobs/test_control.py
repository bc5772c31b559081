"""What is asked of a job after its order, over HTTP and without a worker: to stop, to go on, to be gone."""

import fcntl
from pathlib import Path
from typing import Any

import pytest
from httpx import Client, Response

from app.jobs import command
from app.jobs.desk import Desk, Ticket, TicketVoid
from app.jobs.folder import JobFolder
from app.jobs.ledger import new_id

URL = "/v1/jobs"
TRANSLATE = {"kind": "translate", "dataset": "photos", "model": "tiny", "to": "zebra", "seed": 7}


def order(client: Client, **headers: str) -> Any:  # noqa: ANN401 - of JSON
    return client.post(URL, json=TRANSLATE, headers=headers).raise_for_status().json()


def refused(answer: Response, status: int, slug: str) -> None:
    assert (answer.status_code, answer.json()["type"]) == (status, slug), answer.text


def test_what_can_be_asked_over_http(client: Client) -> None:
    job = order(client)
    url = job["links"]["self"]
    for action, state in (
        ("pause", "paused"),
        ("resume", "queued"),
        ("cancel", "cancelled"),
        ("retry", "queued"),
    ):
        answer = client.post(f"{url}/{action}")
        assert (answer.status_code, answer.json()["state"]) == (202, state)
    refused(client.post(f"{url}/resume"), 409, "job-running")
    client.post(f"{url}/cancel")
    refused(again := client.post(f"{url}/cancel"), 409, "job-finished")
    assert again.json()["detail"] == "the job was cancelled already: a retry takes it up where it was"
    refused(client.get(f"{url}/result"), 404, "unknown-result")
    for action in ("cancel", "pause", "resume", "retry"):
        refused(client.post(f"{URL}/{new_id()}/{action}"), 404, "unknown-job")
    for path in ("", "/log", "/events", "/samples", "/samples/000001.png", "/result"):
        refused(client.get(f"{URL}/{new_id()}{path}"), 404, "unknown-job")


def test_what_a_running_job_was_told_is_shown_until_its_worker_has_done_it(
    client: Client, desk: Desk
) -> None:
    job = order(client)
    url = job["links"]["self"]
    desk.take(Ticket(job["id"], 1))
    assert client.post(f"{url}/cancel").json()["wanted"] == "cancelled"
    refused(client.post(f"{url}/pause"), 409, "job-conflict")
    shown = client.get(url).json()
    assert (shown["state"], shown["wanted"]) == ("running", "cancelled")
    desk.interrupt(Ticket(job["id"], 1))
    shown = client.get(url).json()
    assert (shown["state"], shown["wanted"]) == ("cancelled", None)


def test_a_job_that_is_over_is_deleted_with_all_that_is_of_it(client: Client, desk: Desk, data: Path) -> None:
    job = order(client, **{"Idempotency-Key": "k"})
    url, folder = job["links"]["self"], JobFolder(data / "runs" / job["id"])
    folder.keep(b"a picture")
    client.post(f"{url}/pause")
    refused(paused := client.delete(url), 409, "job-unfinished")
    assert paused.json()["detail"] == "the job is paused: cancel it first, then delete it"
    client.post(f"{url}/resume")
    desk.take(Ticket(job["id"], 2))
    refused(client.delete(url), 409, "job-running")
    assert folder.picture()
    desk.fail(Ticket(job["id"], 2), "diverged", "")
    gone = client.delete(url)
    assert (gone.status_code, gone.content, "content-type" in gone.headers) == (204, b"", False)
    assert not folder.path.exists()
    assert client.get(URL).json()["jobs"] == []
    for answer in (client.get(url), client.get(f"{url}/events"), client.delete(url)):
        refused(answer, 404, "unknown-job")
    assert order(client, **{"Idempotency-Key": "k"})["id"] != job["id"]


def test_a_job_whose_command_lives_on_is_kept_until_that_has_ended(
    client: Client, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its worker was killed, and it was cancelled then."""
    monkeypatch.setattr(command, "LOOK_S", 0.1)
    job = order(client)
    url, folder = job["links"]["self"], JobFolder(data / "runs" / job["id"])
    folder.keep(b"a picture")
    client.post(f"{url}/cancel")
    with folder.lock.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write("there 7\n")
        lock.flush()
        refused(client.delete(url), 409, "still-at-work")
        assert "process 7 of host there" in client.delete(url).json()["detail"]
    assert folder.picture()
    gone = client.delete(url)
    assert (gone.status_code, gone.content, "content-type" in gone.headers) == (204, b"", False)
    assert not folder.path.exists()


def test_a_ticket_of_a_deleted_job_is_void(client: Client, desk: Desk) -> None:
    job = order(client)
    client.post(f"{job['links']['self']}/cancel")
    client.delete(job["links"]["self"]).raise_for_status()
    for step in (desk.take, desk.wanted, desk.interrupt):
        with pytest.raises(TicketVoid):
            step(Ticket(job["id"], 1))


def test_a_crash_while_a_job_is_deleted_leaves_nothing_that_can_be_reached(
    client: Client, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = order(client)
    url, folder = job["links"]["self"], JobFolder(data / "runs" / job["id"])
    folder.keep(b"a picture")
    client.post(f"{url}/cancel")

    def crash(_: JobFolder) -> None:
        raise RuntimeError

    monkeypatch.setattr(JobFolder, "remove", crash)
    assert client.delete(url, headers={"Connection": "close"}).status_code == 500
    assert folder.path.exists()
    for path in ("", "/log", "/result"):
        refused(client.get(url + path), 404, "unknown-job")
    refused(client.post(f"{url}/retry"), 404, "unknown-job")
