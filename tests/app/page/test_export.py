"""The Models screen, where a model is exported: a job with the real command, by the keyboard alone."""

import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
from httpx import Client
from playwright.sync_api import Locator, Page, Route, expect

Serve = Callable[..., AbstractContextManager[Client]]


@pytest.fixture(scope="module")
def client(serve: Serve) -> Iterator[Client]:
    with serve(embedded_worker=True, device="cpu") as client:
        yield client


def opened(page: Page) -> Locator:
    card = page.get_by_role("article", name="tiny")
    card.locator("summary", has_text="Export").press("Enter")
    return card


def test_a_model_is_exported_and_downloaded_though_the_page_is_loaded_again(
    visit: Callable[..., Page],
    client: Client,
    violations: Callable[[Page], list[str]],
    picture_of: Callable[[Page, str], None],
) -> None:
    page = visit("/models")
    card = opened(page)
    card.get_by_label("Format").focus()
    page.keyboard.type("torch")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    job = card.get_by_role("region", name="Export of tiny")
    expect(job.locator(".badge")).to_be_visible()
    expect(card.get_by_role("button", name="Export", exact=True)).to_be_disabled()
    page.reload()
    card = opened(page)
    expect(job.locator(".badge")).to_have_text("succeeded")
    expect(job.get_by_role("row", name="horse to zebra")).to_contain_text("horse_to_zebra.pt2")
    expect(card.get_by_role("button", name="Export", exact=True)).to_be_enabled()
    assert violations(page) == []
    picture_of(page, "models-exported")
    with page.expect_download() as download:
        job.get_by_role("link", name="Download the zip").press("Enter")
    with zipfile.ZipFile(download.value.path()) as archive:
        names = {*archive.namelist()}
    assert names == {"export.json", "horse_to_zebra.pt2", "zebra_to_horse.pt2"}
    (ordered,) = client.get("/v1/jobs?kind=export").json()["jobs"]
    version = client.get("/v1/models/tiny").json()["version"]
    assert ordered["params"] == {"model": "tiny", "version": version, "format": "torch"}


def test_an_export_that_is_refused_says_why_in_place(visit: Callable[..., Page]) -> None:
    page = visit("/models")
    problem = {"type": "out-of-space", "title": "Out of space", "status": 507, "detail": "nothing is left"}
    page.route("**/v1/jobs", lambda route: route.fulfill(status=507, json=problem))
    card = opened(page)
    card.get_by_role("button", name="Export", exact=True).click()
    expect(card.get_by_role("alert").filter(has_text="Out of space")).to_be_visible()
    expect(card.get_by_role("button", name="Export", exact=True)).to_be_enabled()


def test_an_order_that_got_no_answer_is_the_same_when_it_is_sent_again(visit: Callable[..., Page]) -> None:
    keys: list[str] = []

    def lose(route: Route) -> None:
        keys.append(route.request.headers["idempotency-key"])
        route.abort()

    page = visit("/models")
    page.route("**/v1/jobs", lose)
    card = opened(page)
    for choice in ("onnx", "onnx", "torch"):
        card.get_by_label("Format").select_option(choice)
        with page.expect_event("requestfailed"):
            card.get_by_role("button", name="Export", exact=True).click()
        expect(card.get_by_role("alert").filter(has_text="does not answer")).to_be_visible()
    first, again, other = keys
    assert first == again != other
