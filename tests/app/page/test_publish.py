"""The form of the Models screen that sends a bundle: once, whole, and not one that is too large."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
from httpx import Client
from playwright.sync_api import Page, Route, expect

Serve = Callable[..., AbstractContextManager[Client]]
MAX_BYTES = 100


@pytest.fixture(scope="module")
def client(serve: Serve) -> Iterator[Client]:
    with serve(max_bundle_bytes=MAX_BYTES) as client:
        yield client


def send(page: Page, size: int) -> None:
    page.get_by_text("Publish a bundle from elsewhere").click()
    file = {"name": "bundle.zip", "mimeType": "application/zip", "buffer": bytes(size)}
    page.get_by_label("Bundle, a zip").set_input_files(file)
    page.get_by_label("As", exact=True).fill("mine")
    page.get_by_role("button", name="Publish").click()


def test_while_a_bundle_is_sent_it_cannot_be_sent_again_and_who_leaves_is_asked(
    visit: Callable[..., Page],
) -> None:
    page = visit("/models")
    held: list[Route] = []
    page.route("**/v1/models/mine/versions?*", lambda route: held.append(route))
    leave = "() => dispatchEvent(new Event('beforeunload', { cancelable: true }))"
    with page.expect_request("**/v1/models/mine/versions?*"):
        send(page, MAX_BYTES)
    expect(page.get_by_text("Sending")).to_be_visible()
    expect(page.get_by_role("button", name="Publish")).to_be_disabled()
    assert not page.evaluate(leave)
    problem = {"type": "corrupt-archive", "title": "Corrupt archive", "status": 422, "detail": "no zip"}
    held[0].fulfill(status=422, json=problem)
    expect(page.get_by_role("button", name="Publish")).to_be_enabled()
    assert page.evaluate(leave)


def test_a_bundle_that_is_too_large_is_not_sent(visit: Callable[..., Page]) -> None:
    page = visit("/models")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url))
    send(page, MAX_BYTES + 1)
    expect(page.get_by_text("This is 101 bytes, and the service takes a bundle of 100 bytes")).to_be_visible()
    assert [url for url in sent if "/models/mine" in url] == []
