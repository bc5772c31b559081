"""The page in a real browser, where there is one: with a mouse, with the keyboard, and without scripts."""

import mimetypes
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from httpx import Client
from PIL import Image
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

from app.keys import KeyRing, Scope

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome") or ""
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
Open = Callable[..., Page]
Serve = Callable[..., AbstractContextManager[Client]]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not CHROMIUM:
        pytest.skip("no Chromium on this machine")
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)


@pytest.fixture
def visit(browser: Browser, client: Client) -> Iterator[Open]:
    """The page in a window of its own. It may ask no other host, and the browser complain of nothing."""
    complaints: list[str] = []
    windows = []

    def listen(line: ConsoleMessage) -> None:
        if line.type == "error" and "/v1/" not in line.location["url"]:  # there, refusals are meant
            complaints.append(line.text)

    def watch(request: Request) -> None:
        if urlsplit(request.url).hostname not in ("127.0.0.1", None):
            complaints.append(request.url)

    def visit(path: str = "/", **options: object) -> Page:
        windows.append(browser.new_context(base_url=str(client.base_url), **options))
        page = windows[-1].new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", listen)
        page.on("request", watch)
        page.goto(path)
        return page

    yield visit
    for window in windows:
        window.close()
    assert complaints == []


def choose(page: Page, name: str, content: bytes) -> None:
    file = {"name": name, "mimeType": mimetypes.guess_type(name)[0], "buffer": content}
    page.set_input_files("input[type=file]", file)


def finish(page: Page) -> None:
    expect(page.get_by_role("status")).to_contain_text("4 samples in", timeout=20_000)


def sources(page: Page) -> list[str]:
    return [image.get_attribute("src") or "" for image in page.locator("#samples img").all()]


def test_it_begins_with_the_example_and_four_samples_of_it(visit: Open) -> None:
    page = visit()
    finish(page)
    assert page.title() == "horse ⇄ zebra · SJMVI"
    assert [link.get_attribute("download") for link in page.get_by_role("link", name="Download").all()] == [
        f"horse-zebra-{seed}.jpg" for seed in (7, 8, 9, 10)
    ]
    for image in page.locator("#samples img").all():
        assert image.evaluate("image => [image.naturalWidth, image.naturalHeight]") == [640, 480]


def test_a_download_is_what_the_api_gives_for_its_seed(
    visit: Open, client: Client, photograph: bytes
) -> None:
    page = visit()
    choose(page, "my.photo.jpg", photograph)
    finish(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").nth(1).click()
    query = {"to": "zebra", "seed": 8, "format": "jpeg"}
    answer = client.post("/v1/translations", params=query, files={"image": photograph})
    assert download.value.suggested_filename == "my.photo-zebra-8.jpg"
    assert Path(download.value.path()).read_bytes() == answer.content


def test_direction_and_seed_are_chosen_from_the_keyboard(visit: Open) -> None:
    page = visit()
    finish(page)
    page.get_by_role("radio", name="horse to zebra").focus()
    page.keyboard.press("ArrowRight")
    finish(page)
    page.get_by_label("Seed", exact=True).fill("9223372036854775807")
    page.keyboard.press("Enter")
    expect(page.locator("#samples")).to_contain_text("seed 9223372036854775807")
    finish(page)
    assert page.get_by_role("link", name="Download").nth(1).get_attribute("download") == "horse-horse-0.jpg"


def test_a_model_of_one_direction_is_offered_that_one(
    browser: Browser, serve: Serve, one_way_bundle: Path
) -> None:
    with serve(weights_dir=one_way_bundle.parent) as client, browser.new_page() as page:
        page.goto(str(client.base_url))
        finish(page)
        assert page.get_by_role("radio").count() == 1
        page.get_by_role("radio", name="horse to zebra").focus()
        page.get_by_role("button", name="Another seed").click()
        expect(page.get_by_label("Seed", exact=True)).not_to_have_value("7")  # the script came to its end


def test_a_key_is_asked_for_once_a_tab(browser: Browser, serve: Serve, tmp_path: Path) -> None:
    _, secret = KeyRing(tmp_path / "keys.json").create("page", frozenset({Scope.TRANSLATE}))
    with serve(data_dir=tmp_path) as client, browser.new_page() as page:
        page.goto(str(client.base_url))
        expect(page.get_by_role("alert")).to_contain_text("asks for a key")
        field = page.get_by_label("Key", exact=True)
        field.fill("sjmvi_wrong")
        field.press("Enter")
        expect(page.get_by_role("alert")).to_contain_text("Unauthorized: this key is not known")
        field.fill(f" {secret} ")
        field.press("Enter")
        finish(page)
        page.reload()
        finish(page)
        assert secret not in page.content()


def test_the_dice_draw_other_samples(visit: Open) -> None:
    page = visit()
    finish(page)
    before = sources(page)
    page.get_by_role("button", name="Another seed").click()
    expect(page.get_by_label("Seed", exact=True)).not_to_have_value("7")
    finish(page)
    assert not {*before} & {*sources(page)}


def test_a_dropped_and_a_pasted_picture_count_as_chosen(visit: Open, photograph: bytes) -> None:
    page = visit()
    for event, transfer in (("drop", "dataTransfer"), ("paste", "clipboardData")):
        finish(page)
        page.evaluate(
            """([event, transfer, bytes, name]) => {
                const data = new DataTransfer();
                data.items.add(new File([new Uint8Array(bytes)], name, { type: "image/jpeg" }));
                const Kind = event === "drop" ? DragEvent : ClipboardEvent;
                document.dispatchEvent(new Kind(event, { [transfer]: data, bubbles: true }));
            }""",
            [event, transfer, list(photograph), f"{event}.jpg"],
        )
        expect(page.locator("#original")).to_have_attribute("alt", re.compile(event))
    finish(page)


def test_a_sample_held_shows_the_original(visit: Open) -> None:
    page = visit()
    finish(page)
    sample = page.get_by_role("button", name="Sample 1")
    translated = sources(page)[0]
    sample.hover()
    page.mouse.down()
    assert sources(page)[0].endswith("/examples/horse.jpg")
    page.mouse.up()
    assert sources(page)[0] == translated


def test_a_refused_picture_says_why_in_place(visit: Open) -> None:
    page = visit()
    finish(page)
    choose(page, "notes.txt", b"hello")
    expect(page.get_by_role("alert")).to_contain_text("Unsupported image format: not one of JPEG")
    expect(page.locator(".waiting")).to_have_count(0)


def test_without_scripts_the_form_shows_the_translation(visit: Open, photograph: bytes) -> None:
    page = visit(java_script_enabled=False)
    choose(page, "a.jpg", photograph)
    with page.expect_response("**/v1/translations") as answer:
        page.get_by_role("button", name="Translate", exact=True).click()
    assert answer.value.headers["content-type"] == "image/png"
    assert Image.open(BytesIO(answer.value.body())).size == (61, 43)


def test_a_form_on_another_page_is_refused(browser: Browser, client: Client) -> None:
    with browser.new_page() as page:
        url = f"{client.base_url}/v1/translations?to=zebra"
        page.set_content(f'<form action="{url}" method="post" enctype="multipart/form-data"><button>')
        with page.expect_response(url) as answer:
            page.get_by_role("button").click()
        assert (answer.value.status, answer.value.json()["type"]) == (403, "cross-origin")


@pytest.mark.parametrize("width", [320, 768, 1920])
def test_nothing_is_wider_than_the_window(visit: Open, width: int) -> None:
    page = visit(viewport={"width": width, "height": 700})
    finish(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_description_of_the_api_opens(visit: Open) -> None:
    page = visit("/docs")
    expect(page.locator("#docs")).to_contain_text("/v1/translations", timeout=20_000)
