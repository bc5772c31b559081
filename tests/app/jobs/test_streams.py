"""A job's events as they come: to a client that comes back, to too many, and while the service stops."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from itertools import islice
from pathlib import Path
from threading import Event, Thread
from time import monotonic, sleep
from typing import Any

import httpx
import pytest
from httpx import Client

from app.database.connection import Database
from app.database.tables import JobRow
from app.jobs import streams
from app.jobs.desk import Desk, Ticket
from app.jobs.progress import Progress

URL = "/v1/jobs"
Serve = Callable[..., AbstractContextManager[Client]]


def order(client: Client) -> dict[str, Any]:
    body = {"kind": "translate", "dataset": "photos", "model": "tiny", "to": "zebra"}
    job: dict[str, Any] = client.post(URL, json=body).json()
    return job


def read_events(
    client: Client, job_id: str, after: int = 0, count: int = 1000
) -> list[tuple[int, str, object]]:
    """(id, name, data) of at most so many, and then the connection is closed."""
    found, fields = [], {}
    with client.stream("GET", f"{URL}/{job_id}/events", headers={"Last-Event-ID": str(after)}) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        for line in stream.iter_lines():
            name, _, value = line.partition(": ")
            fields[name] = value
            if not line and "id" in fields:
                found.append((int(fields["id"]), fields["event"], json.loads(fields["data"])))
                fields = {}
                if len(found) == count:
                    break
    return found


def test_a_stream_goes_on_after_the_last_event_that_was_seen(client: Client, desk: Desk) -> None:
    job = order(client)
    ticket = Ticket(job["id"], 1)
    desk.take(ticket)
    first = read_events(client, job["id"], count=2)
    assert [data["state"] for _, _, data in first if isinstance(data, dict)] == ["queued", "running"]

    def work() -> None:
        for done in (1, 2):
            sleep(0.3)
            desk.report(
                ticket, Progress(done=done, total=2, unit="steps", sample="000002.png"), with_event=True
            )
        desk.succeed(ticket, {})

    worker = Thread(target=work)
    worker.start()
    rest = read_events(client, job["id"], after=first[-1][0])
    worker.join()
    assert [name for _, name, _ in rest] == ["progress", "sample", "progress", "state", "done"]
    assert rest[1][2] == {"sample": f"{job['links']['self']}/samples/000002.png"}
    assert read_events(client, job["id"]) == first + rest
    over = client.get(job["links"]["events"], headers={"Last-Event-ID": str(rest[-1][0])})
    assert (over.status_code, over.content) == (204, b"")


def test_the_stream_of_a_job_that_is_deleted_ends(
    client: Client, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "PING_S", 0.1)
    job = order(client)
    with client.stream("GET", job["links"]["events"], timeout=20) as stream:
        lines = stream.iter_lines()
        assert any(line == "event: state" for line in lines)
        assert any(line == ": ping" for line in lines)  # it lives on while the job does
        with database.writing() as session:  # with its end, before the stream has looked
            session.delete(session.get_one(JobRow, job["id"]))
        assert len([*islice(lines, 20)]) < 20
    assert client.get(job["links"]["events"]).status_code == 404


def test_only_so_many_streams_are_open_and_a_client_that_leaves_makes_room(client: Client) -> None:
    events = order(client)["links"]["events"]
    with client.stream("GET", events), client.stream("GET", events):
        third = client.get(events)
        assert (third.status_code, third.json()["type"], third.json()["limit"]) == (429, "overloaded", 2)
        assert third.headers["Retry-After"] == "10"
    due = monotonic() + 100
    while True:
        with client.stream("GET", events) as again:
            if again.status_code == 200:
                break
        assert monotonic() < due
        sleep(0.05)


def test_a_service_that_stops_does_not_wait_for_its_streams(
    serve: Serve, data: Path, database_url: str, add_dataset: Callable[..., None]
) -> None:
    add_dataset("photos", kind="single")
    with (
        ThreadPoolExecutor() as threads,
        serve(warm=False, data_dir=data, database_url=database_url) as client,
    ):
        events = f"{client.base_url}{order(client)['links']['events']}"
        begun = Event()
        reading = threads.submit(read_to_the_end, events, begun)
        assert begun.wait(20)
    assert reading.result() == ": events of a job"


def read_to_the_end(url: str, begun: Event) -> str:
    """The first line. What is cut off raises an error."""
    with httpx.stream("GET", url, timeout=60) as stream:
        lines = []
        for line in stream.iter_lines():
            lines.append(line)
            begun.set()
    return lines[0]
