"""What is asked of a job after its order, over HTTP and without a worker: to stop, to go on, to be gone."""

from typing import Any

from httpx import Client, Response

from app.jobs.desk import Desk, Ticket
from app.jobs.ledger import new_id
from app.jobs.states import State

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
    refused(client.post(f"{url}/cancel"), 409, "job-finished")
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
    desk.stop(Ticket(job["id"], 1), State.CANCELLED)
    shown = client.get(url).json()
    assert (shown["state"], shown["wanted"]) == ("cancelled", None)
