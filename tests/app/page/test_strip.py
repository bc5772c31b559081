"""The Translate screen with several pictures, and with what can go wrong: on the way and on the disk."""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, Route, expect

Open = Callable[..., Page]
Finish = Callable[..., None]

DROP_A_FOLDER = """() => {
    const event = new DragEvent("drop", { bubbles: true });
    const items = [{ webkitGetAsEntry: () => ({ isDirectory: true }) }];
    Object.defineProperty(event, "dataTransfer", { value: { items, files: [new File([], "photos")] } });
    document.dispatchEvent(event);
}"""
HOLD_BITMAPS = """() => {
    const make = window.createImageBitmap.bind(window);
    const released = new Promise((resolve) => (window.release = resolve));
    window.createImageBitmap = async (blob) => { await released; return make(blob); };
    window.letOthersPass = () => { window.createImageBitmap = make; };
}"""


@pytest.fixture
def page(visit: Open, finish: Finish) -> Page:
    page = visit()
    finish(page)
    return page


def give(page: Page, **pictures: bytes) -> None:
    files = [
        {"name": f"{name}.jpg", "mimeType": "image/jpeg", "buffer": picture}
        for name, picture in pictures.items()
    ]
    page.set_input_files("input[type=file]", files)


def thumb(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=f"{name}.jpg", exact=True)


def test_the_focus_stays_in_the_strip_where_it_is(page: Page, finish: Finish, photograph: bytes) -> None:
    give(page, one=photograph, two=photograph, three=photograph)
    finish(page, 12)
    thumb(page, "two").focus()
    page.evaluate("document.querySelector('form').requestSubmit()")
    finish(page, 12)
    expect(thumb(page, "two")).to_be_focused()
    page.keyboard.press("Delete")
    expect(thumb(page, "one")).to_be_focused()
    page.get_by_role("button", name="Remove three.jpg").press("Enter")
    expect(page.locator("#pictures")).to_be_hidden()
    expect(page.locator("input[type=file]")).to_be_focused()


def test_a_picture_that_is_removed_is_asked_for_no_longer(
    page: Page, finish: Finish, photograph: bytes
) -> None:
    page.get_by_role("spinbutton", name="Samples").fill("8")
    page.keyboard.press("Enter")
    finish(page, 8)
    held: list[Route] = []
    passed: list[Route] = []

    def hold_the_first(route: Route) -> None:
        if len(held) < 4:  # as many as there are at once
            return held.append(route)
        passed.append(route)
        return route.continue_()

    page.route("**/v1/translations", hold_the_first)
    give(page, one=photograph, two=photograph)
    while len(held) < 4:
        page.wait_for_timeout(50)
    page.get_by_role("button", name="Remove one.jpg").press("Enter")
    for route in held:
        route.continue_()
    finish(page, 8)
    assert len(passed) == 8
    expect(page.locator("#samples .translated:visible")).to_have_count(8)


def test_why_a_sample_failed_stays_beside_those_that_came(page: Page, finish: Finish) -> None:
    calls: list[Route] = []
    problem = {"type": "broken", "title": "Broken", "status": 500, "detail": "the first fails"}

    def fail_the_first(route: Route) -> None:
        calls.append(route)
        if len(calls) == 1:
            return route.fulfill(status=500, json=problem)
        return route.continue_()

    page.route("**/v1/translations", fail_the_first)
    page.get_by_role("spinbutton", name="Samples").fill("8")
    page.keyboard.press("Enter")
    finish(page, 3)
    assert len(calls) == 4  # those that were under way; no other is begun
    expect(page.get_by_role("alert")).to_have_text("Broken: the first fails.")
    expect(page.locator("#samples .waiting")).to_have_count(0)
    expect(page.locator("#samples .translated:visible")).to_have_count(3)


def test_enter_in_a_changed_field_asks_once(page: Page, finish: Finish) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.method))
    page.get_by_label("Seed", exact=True).fill("70")
    page.keyboard.press("Enter")
    finish(page)
    assert asked.count("POST") == 4


def test_the_way_back_is_asked_for_once(page: Page) -> None:
    held: list[Route] = []
    page.route("**/v1/translations", lambda route: held.append(route))
    toggle = page.get_by_role("button", name="Back to horse").first
    for _ in range(3):
        toggle.press("Enter")
    page.wait_for_timeout(500)  # the second would be there by then
    assert len(held) == 1


def test_the_spread_is_that_of_the_picture_that_is_looked_at(
    page: Page, finish: Finish, photograph: bytes
) -> None:
    upright = BytesIO()
    Image.open(BytesIO(photograph)).rotate(90, expand=True).save(upright, "JPEG")
    give(page, one=photograph, two=upright.getvalue())
    finish(page, 8)
    page.evaluate(HOLD_BITMAPS)
    page.get_by_role("button", name="Spread").click()
    page.evaluate("letOthersPass()")
    thumb(page, "two").click()
    spread = page.locator("#spread")
    expect(spread).to_have_js_property("height", 61)
    page.evaluate("release()")
    page.wait_for_timeout(500)  # the other would be drawn by then
    assert spread.evaluate("canvas => [canvas.width, canvas.height]") == [43, 61]


def test_a_file_that_is_gone_is_told_from_a_service_that_is(
    page: Page, finish: Finish, photograph: bytes, tmp_path: Path
) -> None:
    (tmp_path / "brief.jpg").write_bytes(photograph)
    page.set_input_files("input[type=file]", tmp_path / "brief.jpg")
    finish(page)
    (tmp_path / "brief.jpg").unlink()
    page.get_by_role("button", name="Another seed").click()
    expect(page.get_by_role("alert")).to_have_text("brief.jpg cannot be read: is it still there?")


def test_a_folder_that_is_dropped_is_shown_its_place(page: Page, finish: Finish) -> None:
    page.evaluate(DROP_A_FOLDER)
    expect(page.get_by_role("alert")).to_contain_text("Batch is the place for it")
    finish(page)  # the example is where it was
