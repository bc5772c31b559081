"""The Batch and Jobs screens, with a worker and the real command: a folder in, a zip of translations out."""

import json
import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from httpx import Client
from PIL import Image
from playwright.sync_api import Browser, Page, Route, expect

Serve = Callable[..., AbstractContextManager[Client]]


@pytest.fixture(scope="module")
def client(serve: Serve) -> Iterator[Client]:
    with serve(embedded_worker=True, device="cpu") as client:
        yield client


@pytest.fixture
def folder(tmp_path: Path, photograph: bytes) -> Path:
    folder = tmp_path / "My photos"
    (folder / "inner").mkdir(parents=True)
    for name in ("a.jpg", "inner/b.jpg"):
        (folder / name).write_bytes(photograph)
    return folder


def assert_close(*pictures: bytes) -> None:
    """Within what the size of a batch may change."""
    one, other = (np.asarray(Image.open(BytesIO(picture)), np.int16) for picture in pictures)
    assert np.abs(one - other).max() <= 2


def done(page: Page) -> None:
    expect(page.locator("#job .badge")).to_have_text("succeeded")


def test_a_folder_is_translated_though_the_page_is_loaded_again(
    visit: Callable[..., Page], client: Client, folder: Path, photograph: bytes
) -> None:
    page = visit("/batch")
    expect(page.get_by_role("button", name="Translate them")).to_be_disabled()
    page.get_by_label("choose a folder").set_input_files(folder)
    expect(page.get_by_text("My photos: 2 files")).to_be_visible()
    expect(page.locator(".thumb canvas")).to_have_count(2)
    page.get_by_role("spinbutton", name="Samples").fill("2")
    page.get_by_role("button", name="Translate them").click()
    page.wait_for_url(re.compile("job="))
    page.reload()
    done(page)
    expect(page.get_by_text("2 pictures translated. Seed 7.")).to_be_visible()
    expect(page.locator(".contact img")).to_have_count(4)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the zip").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        rows = [json.loads(line) for line in archive.read("report.jsonl").splitlines()]
        seed = {row["file"]: row["seed"] for row in rows}["inner/b.jpg"]
        first, _ = sorted(name for name in archive.namelist() if re.search(r"inner/b.*jpg$", name))
        query = {"to": "zebra", "seed": seed, "format": "jpeg"}
        answer = client.post("/v1/translations", params=query, files={"image": photograph})
        assert_close(archive.read(first), answer.content)


@pytest.mark.slow
def test_jobs_are_listed_by_kind_and_state_with_their_log(
    visit: Callable[..., Page], client: Client, folder: Path
) -> None:
    page = visit("/batch")
    page.get_by_label("choose a folder").set_input_files(folder)
    page.get_by_role("button", name="Translate them").click()
    done(page)
    page.get_by_text("Log", exact=True).click()
    expect(page.locator(".log")).not_to_be_empty()
    page.get_by_role("link", name="Jobs").click()
    rows = page.locator("#jobs li")
    expect(rows.first).to_contain_text(re.compile("Translation my-photos-.* to zebra"))
    page.get_by_label("Kind").select_option("train")
    expect(page.get_by_text("There are none.")).to_be_visible()
    page.get_by_label("Kind").select_option("translate")
    page.get_by_label("State").select_option("succeeded")
    rows.first.get_by_role("link").click()
    done(page)


def test_a_file_that_is_no_picture_is_told_of_beside_the_others(
    visit: Callable[..., Page], folder: Path, violations: Callable[[Page], list[str]]
) -> None:
    (folder / "broken.jpg").write_bytes(b"no picture")
    page = visit("/batch")
    page.get_by_label("choose a folder").set_input_files(folder)
    page.get_by_role("button", name="Translate them").click()
    done(page)
    expect(page.get_by_text("2 pictures translated, 1 file could not be.")).to_be_visible()
    page.get_by_text("1 not translated").click()
    expect(page.locator(".outcomes .lines li").first).to_contain_text("broken.jpg")
    page.get_by_text("2 unlike their domain").click()
    expect(page.locator(".outcomes .lines li").last).to_have_text("inner/b.jpg scores 0.040")
    assert violations(page) == []


@pytest.mark.slow
def test_pictures_that_are_refused_say_why_in_place(visit: Callable[..., Page], tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes/a.jpg").write_bytes(b"no picture")
    page = visit("/batch")
    page.get_by_label("choose a folder").set_input_files(tmp_path / "notes")
    page.get_by_role("button", name="Translate them").click()
    expect(page.get_by_role("alert")).to_contain_text(re.compile("corrupt|cannot be read", re.I))
    expect(page.get_by_role("button", name="Translate them")).to_be_enabled()


def test_an_order_that_got_no_answer_is_the_same_when_it_is_sent_again(
    visit: Callable[..., Page], client: Client, folder: Path
) -> None:
    orders: list[tuple[str, str]] = []

    def lose(route: Route) -> None:
        orders.append((route.request.headers["idempotency-key"], route.request.post_data_json["dataset"]))
        route.abort()

    page = visit("/batch")
    page.route("**/v1/jobs", lose)
    page.get_by_label("choose a folder").set_input_files(folder)
    for samples in ("2", "2", "3"):
        page.get_by_role("spinbutton", name="Samples").fill(samples)
        with page.expect_event("requestfailed"):
            page.get_by_role("button", name="Translate them").click()
        expect(page.get_by_role("alert")).to_contain_text("does not answer")
    first, again, other = orders
    assert first == again
    assert (first[0] == other[0], first[1] == other[1]) == (False, True)  # sent once


def test_a_job_that_is_none_says_so(visit: Callable[..., Page]) -> None:
    page = visit("/batch?job=019ab0c2-7a31-7c44-9a55-6f0e2d1c3b4a")
    expect(page.get_by_role("alert")).to_contain_text("Unknown job")


def test_a_job_waits_is_cancelled_and_taken_up_again(browser: Browser, serve: Serve, folder: Path) -> None:
    """Without a worker."""
    with serve() as client, browser.new_page() as page:
        page.goto(f"{client.base_url}/batch")
        page.get_by_label("choose a folder").set_input_files(folder)
        page.get_by_role("button", name="Translate them").click()
        badge = page.locator("#job .badge")
        for press, state in (
            (None, "queued"),
            ("Pause", "paused"),
            ("Resume", "queued"),
            ("Cancel", "cancelled"),
        ):
            if press:
                page.get_by_role("button", name=press).click()
            expect(badge).to_have_text(state)
        with page.expect_navigation():
            page.get_by_role("button", name="Retry").click()
        expect(badge).to_have_text("queued")
        page.wait_for_timeout(1000)  # what has happened before is told by then
        (job,) = client.get("/v1/jobs").json()["jobs"]
        client.post(f"{job['links']['self']}/pause").raise_for_status()
        expect(badge).to_have_text("paused")  # it is followed past its first end
        page.get_by_role("button", name="Cancel").click()
        page.on("dialog", lambda dialog: dialog.accept())
        page.get_by_role("button", name="Delete").click()
        page.wait_for_url("**/jobs")
        assert client.get("/v1/jobs").json()["jobs"] == []


def test_uploaded_pictures_are_listed_and_deleted_when_no_job_needs_them(
    browser: Browser, serve: Serve, photograph: bytes
) -> None:
    """Without a worker."""
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("a.jpg", photograph)
    with serve() as client, browser.new_page() as page:
        upload = {"params": {"name": "mine"}, "headers": {"Content-Type": "application/zip"}}
        client.post("/v1/datasets", content=archive.getvalue(), **upload).raise_for_status()
        order = {"kind": "translate", "dataset": "mine", "to": "zebra"}
        job = client.post("/v1/jobs", json=order).raise_for_status().json()
        page.on("dialog", lambda dialog: dialog.accept())
        page.goto(f"{client.base_url}/jobs")
        uploads = page.get_by_role("region", name="Uploaded pictures")
        expect(uploads.get_by_role("listitem")).to_contain_text("1 picture, ")
        uploads.get_by_role("button", name="Delete mine").click()
        expect(uploads.get_by_role("alert")).to_contain_text(job["id"])
        client.post(f"{job['links']['self']}/cancel").raise_for_status()
        uploads.get_by_role("button", name="Delete mine").click()
        expect(uploads).to_be_hidden()
        assert client.get("/v1/datasets").json()["datasets"] == []
