"""One job as it is followed, on the Jobs screen; its worker is a desk that the test sits at."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from httpx import Client
from PIL import Image
from playwright.sync_api import Locator, Page, Route, expect

from app.database.connection import Database
from app.jobs.desk import Desk, Ticket
from app.jobs.progress import Progress
from app.jobs.schemas import EXAMPLE, JOB_ID

Open = Callable[..., Page]
Serve = Callable[..., AbstractContextManager[Client]]
BROKEN = {"type": "database", "title": "Database", "status": 500, "detail": "it is locked"}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def client(serve: Serve, data: Path) -> Iterator[Client]:
    with serve(warm=False, data_dir=data) as client:
        yield client


@pytest.fixture
def ticket(client: Client) -> Ticket:
    """Of an export that was ordered."""
    job = client.post("/v1/jobs", json={"kind": "export", "model": "tiny"}).raise_for_status().json()
    return Ticket(job["id"], 1)


@pytest.fixture
def desk(client: Client, data: Path) -> Iterator[Desk]:
    database = Database(f"sqlite:///{data}/sjmvi.db")
    yield Desk(database, "here-cpu")
    database.close()


@pytest.fixture
def stage(visit: Open) -> Callable[..., Page]:
    """The screen of a job that is none: what is told of it beside the example, and what its paths answer."""

    def stage(answers: dict[str, Callable[[Route], None]], **told: object) -> Page:
        page = visit("/livez")  # only to have a window
        usual = {
            "": lambda route: route.fulfill(json=EXAMPLE | told),
            "/events": lambda route: route.fulfill(status=204),
        }
        for path, answer in {**usual, **answers}.items():
            page.route(f"**/v1/jobs/{JOB_ID}{path}", answer)
        page.goto(f"/jobs?job={JOB_ID}")
        return page

    return stage


def box(page: Page) -> Locator:
    return page.get_by_role("region", name="Job")


def picture() -> bytes:
    buffer = BytesIO()
    Image.new("RGB", (8, 8), "brown").save(buffer, "PNG")
    return buffer.getvalue()


def test_its_state_is_read_out_and_a_button_keeps_the_focus_for_as_long_as_it_is_there(
    visit: Open, desk: Desk, ticket: Ticket
) -> None:
    page = visit(f"/jobs?job={ticket.job_id}")
    state, cancel = box(page).get_by_role("status"), box(page).get_by_role("button", name="Cancel")
    expect(state).to_have_text("queued")
    cancel.focus()
    desk.take(ticket)
    expect(state).to_have_text("running")
    desk.report(ticket, Progress(done=3, total=9, unit="pictures"), with_event=True)
    expect(box(page)).to_contain_text("3 of 9 pictures")
    expect(state).to_have_text("running")  # and nothing else is
    expect(cancel).to_be_focused()
    page.keyboard.press("Enter")
    expect(state).to_have_text("about to be cancelled")
    expect(box(page).get_by_role("heading")).to_be_focused()
    expect(box(page).get_by_role("button")).to_have_count(0)


def test_a_line_that_is_cut_is_told_of_until_it_is_whole(visit: Open, desk: Desk, ticket: Ticket) -> None:
    page = visit("/livez")  # only to have a window
    page.route("**/events", lambda route: route.fulfill(status=500, json=BROKEN))
    page.goto(f"/jobs?job={ticket.job_id}")
    expect(box(page)).to_contain_text("trying again")
    desk.take(ticket)
    page.unroute("**/events")
    expect(box(page)).to_contain_text("Begins")
    expect(box(page)).not_to_contain_text("trying again")


def test_a_job_whose_files_are_gone_does_not_offer_them(visit: Open, desk: Desk, ticket: Ticket) -> None:
    desk.take(ticket)
    desk.succeed(ticket, {"format": "onnx", "directions": []})
    page = visit(f"/jobs?job={ticket.job_id}")
    expect(box(page)).to_contain_text("Its files are gone")
    expect(box(page).get_by_role("link")).to_have_count(0)


def test_the_contact_sheet_has_what_came_while_it_was_read(stage: Callable[..., Page]) -> None:
    url = f"/v1/jobs/{JOB_ID}/pictures"
    files = [
        {"file": name, "outcome": "translated", "pictures": [f"{url}/{name}"], "domain_score": None}
        for name in ("a.png", "b.png")
    ]
    states, held = iter(["running", "succeeded"]), list[Route]()

    def job(route: Route) -> None:
        told = {"kind": "translate", "state": next(states), "params": {"to": "zebra"}, "result": {"seed": 7}}
        route.fulfill(json=EXAMPLE | told | {"links": {"pictures": url, "result": None}})

    def pictures(route: Route) -> None:
        if held:
            route.fulfill(json={"files": files})
        held.append(route)

    done = {"body": "event: done\ndata: {}\n\n", "content_type": "text/event-stream"}
    page = stage({"": job, "/events": lambda route: route.fulfill(**done), "/pictures?*": pictures})
    expect(box(page).get_by_role("status")).to_have_text("succeeded")
    held[0].fulfill(json={"files": files[1:]})  # of when it was running
    expect(page.locator(".contact img")).to_have_count(2)


def test_a_sample_grid_that_is_refused_is_told_of_and_asked_for_again(stage: Callable[..., Page]) -> None:
    url = f"/v1/jobs/{JOB_ID}/samples"
    asked: list[str] = []

    def grid(route: Route) -> None:
        asked.append(route.request.url[-10:])
        if asked.count("000150.png") == 1 and asked[-1] == "000150.png":
            route.fulfill(status=500, json=BROKEN)
        else:
            route.fulfill(body=picture(), content_type="image/png")

    samples = [{"step": step, "url": f"{url}/000{step}.png"} for step in (150, 300)]
    page = stage({"/samples": lambda route: route.fulfill(json={"samples": samples}), "/samples/*": grid})
    slider = page.get_by_role("slider", name="Step of the sample grid")
    label = page.locator(".grids label .number")
    expect(label).to_have_text("step 300")
    slider.press("Home")
    expect(box(page).get_by_role("alert")).to_contain_text("locked")
    expect(label).to_have_text("step 300")  # as the picture is
    slider.press("End")
    slider.press("Home")
    expect(label).to_have_text("step 150")
    expect(page.get_by_role("img", name="Translations after step 150")).to_be_visible()
    assert asked == ["000300.png", "000150.png", "000150.png"]


def test_figures_of_an_evaluation_have_their_units(stage: Callable[..., Page]) -> None:
    lines = {
        line: {name: {"mean": 1.5, "std": None, "seeds": [1.5]}}
        for line, name in (("sample", "kernel"), ("diversity", "pixel_std"), ("cycle", "jpeg_90"))
    }
    way: dict[str, Any] = {
        "source": "horse",
        "target": "zebra",
        "pictures": 3,
        "references": 3,
        "lines": lines,
    }
    page = stage({}, kind="evaluate", state="succeeded", result={"directions": [way]})
    for name in (
        "sample: Kernel distance, x 100",
        "diversity: Diversity, grey levels",
        "cycle: jpeg 90, grey levels",
    ):
        expect(page.get_by_role("row", name=name)).to_contain_text("1.5")
