"""The Translate screen: with a mouse, with the keyboard, with a key, and without scripts."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from io import BytesIO
from pathlib import Path

from httpx import Client
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from app.keys import KeyRing, Scope

Open = Callable[..., Page]
Finish = Callable[..., None]
Choose = Callable[[Page, str, bytes], None]
Serve = Callable[..., AbstractContextManager[Client]]


def sources(page: Page) -> list[str]:
    return [image.get_attribute("src") or "" for image in page.locator("#samples .translated").all()]


def names(page: Page) -> list[str]:
    links = page.get_by_role("link", name="Download").all()
    return [link.get_attribute("download") or "" for link in links]


def test_it_begins_with_the_example_and_four_samples_of_it(visit: Open, finish: Finish) -> None:
    page = visit()
    finish(page)
    assert page.title() == "horse ⇄ zebra · SJMVI"
    assert names(page) == [f"horse-zebra-{seed}.jpg" for seed in (7, 8, 9, 10)]
    for image in page.locator("#samples .translated").all():
        assert image.evaluate("image => [image.naturalWidth, image.naturalHeight]") == [640, 480]


def test_a_picture_is_told_from_those_of_its_domain(
    visit: Open, finish: Finish, choose: Choose, noise: bytes
) -> None:
    page = visit()
    finish(page)
    expect(page.locator("#score")).to_have_text("Unlike horse (score 0.040): translations may go wrong.")
    choose(page, "noise.png", noise)
    expect(page.locator("#score")).to_have_text(re.compile(r"^Looks like horse \(score (0\.\d\d|1\.00)\)\.$"))


def test_direction_and_seed_are_chosen_from_the_keyboard(visit: Open, finish: Finish) -> None:
    page = visit()
    finish(page)
    page.get_by_role("radio", name="horse to zebra").focus()
    page.keyboard.press("ArrowRight")
    finish(page)
    page.get_by_label("Seed", exact=True).fill("9223372036854775807")
    page.keyboard.press("Enter")
    expect(page.locator("#samples")).to_contain_text("seed 9223372036854775807")
    finish(page)
    assert names(page)[1] == "horse-horse-0.jpg"


def test_the_dice_draw_other_samples(visit: Open, finish: Finish) -> None:
    page = visit()
    finish(page)
    before = sources(page)
    page.get_by_role("button", name="Another seed").click()
    expect(page.get_by_label("Seed", exact=True)).not_to_have_value("7")
    finish(page)
    assert not {*before} & {*sources(page)}


def test_the_number_of_samples_is_a_wish(visit: Open, finish: Finish) -> None:
    page = visit()
    finish(page)
    page.get_by_role("spinbutton", name="Samples").fill("2")
    page.keyboard.press("Enter")
    finish(page, 2)
    assert len(names(page)) == 2


def test_a_model_without_noise_is_asked_for_its_one_answer(
    browser: Browser, serve: Serve, finish: Finish, one_way_bundle: Path
) -> None:
    with serve(weights_dir=one_way_bundle.parent) as client, browser.new_page() as page:
        page.goto(str(client.base_url))
        finish(page, 1)
        assert page.get_by_role("radio").count() == 1
        expect(page.get_by_text("has one answer to each picture")).to_be_visible()
        expect(page.get_by_label("Seed", exact=True)).to_be_hidden()
        expect(page.get_by_role("button", name="Back to horse")).to_be_hidden()
        assert names(page) == ["horse-zebra.jpg"]


def test_another_model_translates_the_same_pictures(
    browser: Browser, serve: Serve, finish: Finish, tiny_bundle: Path, one_way_bundle: Path, tmp_path: Path
) -> None:
    for bundle in (tiny_bundle, one_way_bundle):
        (tmp_path / bundle.name).symlink_to(bundle)
    with serve(weights_dir=tmp_path) as client, browser.new_page() as page:
        page.goto(f"{client.base_url}/?model=tiny")
        finish(page)
        page.get_by_role("radio", name="horse to zebra").press("ArrowRight")
        page.get_by_label("Model").select_option("one-way")
        finish(page, 1)
        assert page.get_by_role("radio").count() == 1
        page.get_by_label("Model").select_option("tiny")
        finish(page)
        expect(page.get_by_role("radio", name="horse to zebra")).to_be_checked()
        assert "model=tiny" in page.url


def test_a_key_is_asked_for_once_a_tab(
    browser: Browser, serve: Serve, finish: Finish, tmp_path: Path
) -> None:
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


def test_a_dropped_and_a_pasted_picture_count_as_chosen(
    visit: Open, finish: Finish, photograph: bytes
) -> None:
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


def test_several_pictures_lie_in_a_strip(visit: Open, finish: Finish, photograph: bytes) -> None:
    page = visit()
    finish(page)
    files = [
        {"name": f"{name}.jpg", "mimeType": "image/jpeg", "buffer": photograph} for name in ("one", "two")
    ]
    page.set_input_files("input[type=file]", files)
    finish(page, 8)
    assert names(page)[0] == "one-zebra-7.jpg"
    page.get_by_role("button", name="two.jpg", exact=True).click()
    assert names(page)[0] == "two-zebra-7.jpg"
    page.keyboard.press("Delete")
    expect(page.locator("#pictures")).to_be_hidden()
    assert names(page)[0] == "one-zebra-7.jpg"


def test_a_refused_picture_says_why_in_place(
    visit: Open, finish: Finish, choose: Choose, photograph: bytes
) -> None:
    page = visit()
    finish(page)
    choose(page, "notes.txt", b"hello")
    expect(page.get_by_role("alert")).to_contain_text("Unsupported image format: not one of JPEG")
    expect(page.locator(".waiting")).to_have_count(0)
    choose(page, "my.jpg", photograph)
    finish(page)
    expect(page.get_by_role("alert")).to_be_hidden()


def test_a_model_that_somebody_has_to_mend_is_told_of_at_once(visit: Open, finish: Finish) -> None:
    page = visit()
    finish(page)
    problem = {"type": "not-ready", "title": "Not ready", "status": 503, "detail": "it cannot be loaded"}
    page.route("**/v1/translations", lambda route: route.fulfill(status=503, json=problem))
    page.get_by_role("button", name="Another seed").click()
    expect(page.get_by_role("alert")).to_contain_text("Not ready: it cannot be loaded.")


def test_without_scripts_the_form_shows_the_translation(
    visit: Open, choose: Choose, photograph: bytes
) -> None:
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
