"""The list of the Jobs screen while jobs come and change, and what it is asked for; no worker is at work."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from httpx import Client
from playwright.sync_api import Locator, Page, Route, expect

from app.jobs.schemas import EXAMPLE
from app.keys import KeyRing, Scope

Open = Callable[..., Page]
Serve = Callable[..., AbstractContextManager[Client]]
NONE = "019ab0c2-7a31-7c44-9a55-6f0e2d1c3b4a"
BROKEN = {"type": "database", "title": "Database", "status": 500, "detail": "it is locked"}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def client(serve: Serve, data: Path) -> Iterator[Client]:
    with serve(warm=False, data_dir=data) as client:
        yield client


def order(client: Client, **headers: str) -> str:
    """Its path."""
    job = client.post("/v1/jobs", json={"kind": "export", "model": "tiny"}, headers=headers)
    url: str = job.raise_for_status().json()["links"]["self"]
    return url


def cancel(client: Client, job: str) -> None:
    client.post(f"{job}/cancel").raise_for_status()


def rows(page: Page) -> Locator:
    return page.locator("#jobs > li")


def test_what_changes_in_the_list_leaves_the_focus_where_it_is(visit: Open, client: Client) -> None:
    first, _ = order(client), order(client)
    page = visit("/jobs")
    row = rows(page).nth(1)
    row.get_by_role("link").focus()
    cancel(client, first)
    expect(row.locator(".badge")).to_have_text("cancelled")
    expect(row.get_by_role("link")).to_be_focused()
    order(client)
    expect(rows(page)).to_have_count(3)
    expect(rows(page).nth(2).get_by_role("link")).to_be_focused()
    page.get_by_label("State").select_option("queued")
    expect(rows(page)).to_have_count(2)


def test_a_look_that_fails_is_not_the_last_one(visit: Open, client: Client) -> None:
    job = order(client)
    page = visit("/jobs")
    expect(rows(page)).to_contain_text("queued")
    page.route("**/v1/jobs?*", lambda route: route.fulfill(status=500, json=BROKEN), times=1)
    expect(page.get_by_role("alert")).to_contain_text("locked")
    cancel(client, job)
    expect(rows(page)).to_contain_text("cancelled")
    expect(page.get_by_role("alert")).to_be_hidden()


def test_an_older_answer_does_not_stand_for_the_newer(visit: Open, client: Client) -> None:
    cancel(client, order(client))
    page = visit("/jobs")
    expect(rows(page)).to_have_count(1)
    held: list[Route] = []
    page.route("**/v1/jobs?*state=failed*", lambda route: held.append(route))
    page.get_by_label("State").select_option("failed")
    with page.expect_response("**/v1/jobs?*state=cancelled*"):
        page.get_by_label("State").select_option("cancelled")
    (late,) = held
    late.fulfill(json={"jobs": [], "next_cursor": None})
    page.wait_for_timeout(1000)
    expect(rows(page)).to_have_count(1)


def test_a_job_that_is_none_is_told_of_beside_the_list(visit: Open) -> None:
    page = visit(f"/jobs?job={NONE}")
    expect(page.get_by_text("There are none.")).to_be_visible()
    expect(page.get_by_role("region", name="Job").get_by_role("alert")).to_contain_text("Unknown job")


def test_with_another_key_the_linked_job_is_shown_anew(visit: Open, client: Client, data: Path) -> None:
    ring = KeyRing(data / "keys.json")
    keys = [ring.create(name, frozenset({Scope.ADMIN}))[1] for name in ("one", "other")]
    job = order(client, Authorization=f"Bearer {keys[0]}")
    page = visit(f"/jobs?job={job.split('/')[-1]}")
    box, field = page.get_by_role("region", name="Job"), page.get_by_label("Key", exact=True)
    expect(box.get_by_role("alert")).to_contain_text("asks for a key")
    field.fill(keys[0])
    with page.expect_request("**/events"):
        field.press("Enter")
    expect(box.get_by_role("status")).to_have_text("queued")
    field.fill(keys[1])
    with page.expect_event("requestfailed", lambda request: request.url.endswith("/events")):
        field.press("Enter")  # what went along with it under the first key has an end
    expect(box.get_by_role("status")).to_have_text("queued")


def test_every_job_can_be_reached(visit: Open) -> None:
    ids = [f"{NONE[:-3]}{index:03}" for index in range(250)]
    jobs: list[dict[str, Any]] = [EXAMPLE | {"id": each, "state": "failed"} for each in ids]

    def answer(route: Route) -> None:
        query = parse_qs(urlsplit(route.request.url).query)
        begin = ids.index(query["cursor"][0]) + 1 if "cursor" in query else 0
        end = begin + int(query["limit"][0])
        route.fulfill(json={"jobs": jobs[begin:end], "next_cursor": ids[end - 1] if end < len(ids) else None})

    page = visit("/livez")  # only to have a window
    page.route("**/v1/jobs?*", answer)
    page.goto("/jobs")
    for shown in (*range(30, 250, 30), 250):
        expect(rows(page)).to_have_count(shown)
        if shown < 250:
            page.get_by_role("button", name="Earlier ones").click()
    expect(page.get_by_role("button", name="Earlier ones")).to_be_hidden()
