"""The Models screen, where models come and go: published, verified, taken into use, downloaded, deleted."""

import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from io import BytesIO
from pathlib import Path

import pytest
from httpx import Client
from playwright.sync_api import Locator, Page, expect

from translation.card import CARD, read_card

Serve = Callable[..., AbstractContextManager[Client]]
WAIT_MS = 60_000  # a bundle is loaded and warmed up before it is published


@pytest.fixture
def client(serve: Serve) -> Iterator[Client]:
    with serve() as client:
        yield client


@pytest.fixture
def archive(tiny_bundle: Path) -> bytes:
    """A bundle of the same weights whose card says something else."""
    card, _ = read_card(tiny_bundle)
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(CARD, card.model_copy(update={"licence": "another"}).model_dump_json())
        for name in card.files:
            archive.write(tiny_bundle / name, name)
    return buffer.getvalue()


def versions(page: Page) -> Locator:
    """Of the model tiny, opened."""
    card = page.get_by_role("article", name="tiny")
    if not card.locator(".versions").is_visible():
        card.get_by_text("Versions", exact=True).click()
    return card.locator(".versions li")


def test_a_bundle_is_published_verified_and_taken_into_use(
    visit: Callable[..., Page], client: Client, archive: bytes
) -> None:
    page = visit("/models")
    expect(versions(page)).to_have_count(1)
    page.get_by_text("Publish a bundle from elsewhere").click()
    file = {"name": "bundle.zip", "mimeType": "application/zip", "buffer": archive}
    page.get_by_label("Bundle, a zip").set_input_files(file)
    page.get_by_label("As", exact=True).fill("tiny")
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("Published: version")).to_be_visible(timeout=WAIT_MS)
    new, shipped = versions(page).nth(0), versions(page).nth(1)
    expect(shipped).to_contain_text("in use")
    new.get_by_role("button", name="Verify").click()
    expect(new).to_contain_text("files, each as its digest says.")
    new.get_by_role("button", name="Use it").click()
    expect(page.get_by_role("article", name="tiny")).to_contain_text("another", timeout=WAIT_MS)
    expect(versions(page).nth(0)).to_contain_text("in use")
    assert client.get("/v1/models/tiny").json()["licence"] == "another"


def test_a_version_is_downloaded_and_deleted(
    visit: Callable[..., Page], client: Client, archive: bytes
) -> None:
    headers = {"Content-Type": "application/zip"}
    client.post("/v1/models/tiny/versions", content=archive, headers=headers).raise_for_status()
    page = visit("/models")
    page.on("dialog", lambda dialog: dialog.accept())
    expect(versions(page)).to_have_count(2)
    new = versions(page).filter(has_not_text="shipped")
    with page.expect_download() as download:
        new.get_by_role("link", name="Download").click()
    with zipfile.ZipFile(download.value.path()) as found, zipfile.ZipFile(BytesIO(archive)) as sent:
        assert {name: found.read(name) for name in found.namelist()} == {
            name: sent.read(name) for name in sent.namelist()
        }
    new.get_by_role("button", name="Delete").click()
    expect(versions(page)).to_have_count(1)


def test_a_zip_that_is_no_bundle_says_why_in_place(visit: Callable[..., Page]) -> None:
    page = visit("/models")
    page.get_by_text("Publish a bundle from elsewhere").click()
    file = {"name": "bundle.zip", "mimeType": "application/zip", "buffer": b"nothing"}
    page.get_by_label("Bundle, a zip").set_input_files(file)
    page.get_by_label("As", exact=True).fill("mine")
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_role("status")).to_contain_text("Corrupt archive", timeout=WAIT_MS)
