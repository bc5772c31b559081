"""The Models and Settings screens say what the API says."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from httpx import Client
from playwright.sync_api import Browser, Page, expect

from app.keys import KeyRing, Scope
from translation.card import read_card

Open = Callable[..., Page]
Serve = Callable[..., AbstractContextManager[Client]]


def test_a_card_shows_what_its_model_makes_of_the_example(visit: Open) -> None:
    page = visit("/models")
    card = page.get_by_role("article", name="tiny")
    expect(card).to_contain_text("horse ⇄ zebra")
    expect(card).to_contain_text("Apache-2.0")
    made = card.get_by_role("img", name="The same as zebra, by tiny")
    expect(made).to_have_js_property("naturalWidth", 640)
    card.get_by_role("link", name="Translate with it").click()
    expect(page).to_have_url(re.compile("model=tiny"))


def test_figures_of_any_shape_come_with_their_protocol(
    browser: Browser, serve: Serve, tiny_bundle: Path, tmp_path: Path
) -> None:
    card, _ = read_card(tiny_bundle)
    metrics = {"protocol": "one seed", "horse_to_zebra": {"kid_x100": 23.54, "top1": None}}
    bundle = tmp_path / "weights" / "measured"
    bundle.mkdir(parents=True)
    for file in tiny_bundle.iterdir():
        (bundle / file.name).write_bytes(file.read_bytes())
    told = card.model_copy(update={"metrics": metrics})
    (bundle / "card.json").write_text(told.model_dump_json())
    with serve(weights_dir=bundle.parent) as client, browser.new_page() as page:
        page.goto(f"{client.base_url}/models")
        page.get_by_text("Figures, and how they were measured").click()
        expect(page.get_by_text("protocol: one seed")).to_be_visible()
        expect(page.get_by_role("row", name="kid x100")).to_contain_text("23.54")
        expect(page.get_by_role("row", name="top1")).to_contain_text("–")


def test_the_limits_are_the_services_own(browser: Browser, serve: Serve) -> None:
    with serve(max_body_bytes=3_000_000, max_unfinished_jobs=7) as client, browser.new_page() as page:
        page.goto(f"{client.base_url}/settings")
        expect(page.get_by_role("row", name="upload at most")).to_contain_text("3 MB")
        expect(page.get_by_role("row", name="not over at once, of a key")).to_contain_text("7")
        expect(page.locator("#service")).to_contain_text(client.get("/v1").json()["device"])


def test_a_key_opens_every_screen(browser: Browser, serve: Serve, tmp_path: Path) -> None:
    _, secret = KeyRing(tmp_path / "keys.json").create("page", frozenset({Scope.TRANSLATE}))
    with serve(data_dir=tmp_path) as client, browser.new_page() as page:
        page.goto(f"{client.base_url}/models")
        expect(page.get_by_role("alert")).to_contain_text("asks for a key")
        page.get_by_label("Key", exact=True).fill(secret)
        page.keyboard.press("Enter")
        expect(page.get_by_role("article", name="tiny")).to_be_visible()
        page.get_by_role("link", name="Settings").click()
        expect(page.get_by_role("row", name="upload at most")).to_be_visible()
        page.get_by_role("link", name="Jobs").click()
        expect(page.get_by_text("There are none.")).to_be_visible()


def test_with_a_key_a_file_that_is_refused_says_why_in_place(
    browser: Browser, serve: Serve, tmp_path: Path
) -> None:
    _, secret = KeyRing(tmp_path / "keys.json").create("page", frozenset({Scope.TRANSLATE}))
    with serve(data_dir=tmp_path) as client, browser.new_page() as page:
        page.goto(f"{client.base_url}/models")
        page.get_by_label("Key", exact=True).fill(secret)
        page.keyboard.press("Enter")
        card = page.get_by_role("article", name="tiny")
        card.locator("summary").get_by_text("Versions", exact=True).click()
        problem = {"type": "unknown-version", "title": "Unknown version", "status": 404, "detail": "gone"}
        page.route("**/bundle", lambda route: route.fulfill(status=404, json=problem))
        card.get_by_role("link", name="Download").click()
        expect(card.get_by_role("alert").filter(has_text="Unknown version")).to_be_visible()
        page.evaluate(
            """async (url) => {
                const { imageOf } = await import("/static/jobs/image.js");
                document.querySelector("main").prepend(imageOf(url, "gone.png"));
            }""",
            f"/v1/results/{64 * '0'}",
        )
        expect(page.get_by_role("alert").filter(has_text="Unknown result")).to_be_visible()
