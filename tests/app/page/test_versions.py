"""The Models screen, where models come and go: published, verified, taken into use, downloaded, deleted."""

import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from io import BytesIO
from pathlib import Path

import pytest
import torch
from httpx import Client
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from translation.card import CARD, read_card
from translation.weights import save_bundle

Serve = Callable[..., AbstractContextManager[Client]]


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


@pytest.fixture
def other(tiny_bundle: Path, tmp_path: Path) -> bytes:
    """A bundle of other weights."""
    card, _ = read_card(tiny_bundle)
    with torch.random.fork_rng():
        torch.manual_seed(1)
        model = card.architecture.build_model(card.domains)
        save_bundle(tmp_path / "other", model, card.architecture.build_ratios(), card)
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for file in (tmp_path / "other").iterdir():
            archive.write(file, file.name)
    return buffer.getvalue()


def shown_by(image: Locator) -> bytes:
    """Its pixels, three bytes each."""
    expect(image).not_to_have_js_property("naturalWidth", 0)
    drawn = """image => {
        const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight).getContext("2d");
        canvas.drawImage(image, 0, 0);
        return [...canvas.getImageData(0, 0, image.naturalWidth, image.naturalHeight).data];
    }"""
    pixels = bytes(image.evaluate(drawn))
    return b"".join(pixels[at : at + 3] for at in range(0, len(pixels), 4))


def versions(page: Page) -> Locator:
    """Of the model tiny, opened."""
    card = page.get_by_role("article", name="tiny")
    details = card.locator("details").filter(has=page.get_by_text("Versions", exact=True))
    if not details.evaluate("each => each.open"):  # though its list may still be on its way
        details.locator("summary").click()
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
    expect(page.get_by_text("Published: version")).to_be_visible()
    new, shipped = versions(page).nth(0), versions(page).nth(1)
    expect(shipped).to_contain_text("in use")
    new.get_by_role("button", name="Verify").click()
    expect(new).to_contain_text("files, each as its digest says.")
    new.get_by_role("button", name="Use it").click()
    expect(page.get_by_role("article", name="tiny")).to_contain_text("another")
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


def test_a_model_is_deleted_and_the_one_that_ships_offers_it_not(
    visit: Callable[..., Page], client: Client, archive: bytes
) -> None:
    headers = {"Content-Type": "application/zip"}
    client.post("/v1/models/mine/versions", content=archive, headers=headers).raise_for_status()
    page = visit("/models")
    page.on("dialog", lambda dialog: dialog.accept())
    expect(versions(page)).to_have_count(1)
    mine = page.get_by_role("article", name="mine")
    mine.get_by_text("Versions", exact=True).click()
    expect(page.get_by_role("button", name="Delete the model")).to_have_count(1)
    mine.get_by_role("button", name="Delete the model").click()
    expect(mine).to_have_count(0)
    expect(page.get_by_role("article", name="tiny")).to_be_visible()
    assert [each["name"] for each in client.get("/v1/models").json()["models"]] == ["tiny"]


def test_two_versions_are_compared_on_one_picture_and_the_better_one_is_taken_into_use(
    visit: Callable[..., Page],
    client: Client,
    other: bytes,
    photograph: bytes,
    violations: Callable[[Page], list[str]],
    picture_of: Callable[[Page, str], None],
) -> None:
    headers = {"Content-Type": "application/zip"}
    published = client.post("/v1/models/tiny/versions", content=other, headers=headers).json()
    buffer = BytesIO()
    Image.open(BytesIO(photograph)).save(buffer, "PNG")  # which is answered with as exact a picture
    page = visit("/models", viewport={"width": 360, "height": 740})
    card = page.get_by_role("article", name="tiny")
    card.get_by_text("Compare versions").press("Enter")
    card.get_by_label("Pictures").set_input_files(
        {"name": "mine.png", "mimeType": "image/png", "buffer": buffer.getvalue()}
    )
    card.get_by_label("Seed of both").fill("11")
    card.get_by_label("Seed of both").press("Tab")
    for each in client.get("/v1/models/tiny/versions").json()["versions"]:
        query = {"to": "zebra", "seed": 11, "version": each["version"]}
        answer = client.post("/v1/translations", params=query, files={"image": buffer.getvalue()})
        shown = card.get_by_role("img", name=f"mine.png as zebra of seed 11, by {each['version']}")
        assert shown_by(shown) == Image.open(BytesIO(answer.content)).tobytes()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    picture_of(page, "models-compared")
    card.get_by_role("button", name=f"Use {published['version'][:8]}").press("Enter")
    expect(versions(page).filter(has_text=published["version"])).to_contain_text("in use")
    assert client.get("/v1/models/tiny").json()["version"] == published["version"]
    expect(card.get_by_role("img", name="mine.png as zebra of seed 11")).to_have_count(2)  # as it was


def test_a_comparison_lets_go_of_the_pictures_that_it_shows_no_more(
    visit: Callable[..., Page], client: Client, other: bytes
) -> None:
    headers = {"Content-Type": "application/zip"}
    client.post("/v1/models/tiny/versions", content=other, headers=headers).raise_for_status()
    page = visit("/models")
    page.evaluate("""() => {
        const [create, revoke] = [URL.createObjectURL, URL.revokeObjectURL];
        window.kept = new Set();
        URL.createObjectURL = (blob) => { const url = create(blob); kept.add(url); return url; };
        URL.revokeObjectURL = (url) => { kept.delete(url); revoke(url); };
    }""")
    card = page.get_by_role("article", name="tiny")
    card.get_by_text("Compare versions").press("Enter")
    for seed in (7, 11):
        card.get_by_label("Seed of both").fill(str(seed))
        card.get_by_label("Seed of both").press("Tab")
        expect(card.get_by_role("img", name=f"as zebra of seed {seed}, by")).to_have_count(2)
    unseen = "() => [...kept].filter((url) => !document.querySelector(`img[src='${url}']`))"
    assert page.evaluate(unseen) == []


def test_one_version_has_nothing_to_be_compared_with(visit: Callable[..., Page]) -> None:
    page = visit("/models")
    page.get_by_text("Compare versions").click()
    expect(page.get_by_text("It has no other version")).to_be_visible()


def test_a_zip_that_is_no_bundle_says_why_in_place(visit: Callable[..., Page]) -> None:
    page = visit("/models")
    page.get_by_text("Publish a bundle from elsewhere").click()
    file = {"name": "bundle.zip", "mimeType": "application/zip", "buffer": b"nothing"}
    page.get_by_label("Bundle, a zip").set_input_files(file)
    page.get_by_label("As", exact=True).fill("mine")
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_role("status")).to_contain_text("Corrupt archive")
