"""Parts of the page by themselves: words for numbers, a report, a recipe's fields, the reason of an error."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from httpx import Client
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from app.keys import KeyRing, Scope
from translation.spread import Spread

Open = Callable[..., Page]
Finish = Callable[..., None]
Serve = Callable[..., AbstractContextManager[Client]]


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(59.4, "59 s"), (59.6, "1 min"), (119.6, "2 min"), (125, "2 min 5 s"), (3599.7, "1 h 0 min")],
)
def test_a_duration_is_rounded_once(visit: Open, seconds: float, told: str) -> None:
    page = visit("/settings")
    say = "async (seconds) => (await import('/static/dom.js')).duration(seconds)"
    assert page.evaluate(say, seconds) == told


def test_a_report_counts_more_than_it_lists(visit: Open) -> None:
    page = visit("/settings")
    lost = {"count": 345, "files": [{"file": f"{index}.png", "reason": "empty"} for index in range(100)]}
    same = {"groups": 234, "listed": 100 * [{"files": ["a.png", "b.png"], "count": 3}]}
    folder = {"domain": "a", "split": "train", "pictures": 9, "formats": {}, "unreadable": lost}
    dataset: dict[str, Any] = {
        "name": "large",
        "pictures": 9,
        "bytes": 9,
        "skipped": {"count": 0, "files": []},
    }
    dataset["report"] = {"folders": [folder], "exact": same, "near": {"groups": 1, "listed": []}}
    page.evaluate(
        """async (dataset) => {
            const { reportOf } = await import("/static/dataset/report.js");
            document.querySelector("main").replaceChildren(reportOf(dataset));
        }""",
        dataset,
    )
    page.get_by_text("345 files that cannot be read").click()
    expect(page.get_by_text("and 295 others")).to_be_visible()
    page.get_by_text("235 groups of pictures that are the same").click()
    expect(page.get_by_text("and 185 others")).to_be_visible()


def test_pictures_that_the_browser_cannot_show_are_counted(visit: Open, tmp_path: Path) -> None:
    buffer = BytesIO()
    Image.new("RGB", (9, 9)).save(buffer, "TIFF")
    (tmp_path / "maps").mkdir()
    for name in ("a.tif", "b.TIFF", "notes.txt"):
        (tmp_path / "maps" / name).write_bytes(buffer.getvalue())
    page = visit("/train")
    page.get_by_label("First domain: choose a folder").set_input_files(tmp_path / "maps")
    expect(page.get_by_role("heading", name="maps, 2 pictures")).to_be_visible()


def test_a_recipes_value_cannot_be_taken_away(visit: Open) -> None:
    page = visit("/settings")
    optional = {"anyOf": [{"type": "number"}, {"type": "null"}]}
    section = {"type": "object", "properties": {"given": optional, "absent": optional}}
    schema = {"type": "object", "properties": {"part": section}, "$defs": {}}
    validity = page.evaluate(
        """async ([schema, values]) => {
            const { Fields } = await import("/static/train/fields.js");
            const [first, rest] = [document.createElement("div"), document.createElement("div")];
            const fields = new Fields(first, rest);
            fields.show(schema, { values });
            const inputs = [...rest.querySelectorAll("input")];
            for (const input of inputs) input.value = "";
            return inputs.map((input) => [input.id, input.checkValidity()]);
        }""",
        [schema, {"part": {"given": 0.5, "absent": None}}],
    )
    assert validity == [["set-part.given", False], ["set-part.absent", True]]


@pytest.mark.parametrize("count", [2, 5])
def test_the_spread_is_the_services(visit: Open, count: int) -> None:
    noise = np.random.default_rng(0)
    samples = [Image.fromarray(noise.integers(0, 256, (5, 7, 3), dtype=np.uint8)) for _ in range(count)]
    page = visit("/settings")
    found = page.evaluate(
        """async (files) => {
            const { spreadOf } = await import("/static/translate/spread.js");
            const { deviations } = await spreadOf(files.map((bytes) => new Blob([new Uint8Array(bytes)])));
            return [...deviations];
        }""",
        [[*png(sample)] for sample in samples],
    )
    np.testing.assert_allclose(found, Spread.of(samples).levels.ravel(), rtol=1e-5)


def png(picture: Image.Image) -> bytes:
    buffer = BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def test_a_fault_of_the_pages_own_is_not_the_services(visit: Open) -> None:
    page = visit("/settings")
    reason = "async () => (await import('/static/api.js')).reason(new RangeError('Out of memory'))"
    assert page.evaluate(reason) == "That did not work: Out of memory."


def test_a_page_that_is_older_than_the_first_key_says_what_to_do(
    browser: Browser, serve: Serve, finish: Finish, tmp_path: Path
) -> None:
    with serve(data_dir=tmp_path) as client, browser.new_page() as page:
        page.goto(str(client.base_url))
        finish(page)
        KeyRing(tmp_path / "keys.json").create("page", frozenset({Scope.TRANSLATE}))
        page.get_by_role("button", name="Another seed").click()
        expect(page.get_by_role("alert")).to_contain_text("load this page again and enter your key")


def test_a_link_to_a_picture_comes_with_the_key(
    browser: Browser, serve: Serve, finish: Finish, photograph: bytes, tmp_path: Path
) -> None:
    _, secret = KeyRing(tmp_path / "keys.json").create("page", frozenset({Scope.TRANSLATE}))
    with serve(data_dir=tmp_path) as client, browser.new_page() as page:
        headers = {"Authorization": f"Bearer {secret}", "Accept": "application/json"}
        answer = client.post("/v1/translations?to=zebra", files={"image": photograph}, headers=headers)
        digest = answer.raise_for_status().json()["pictures"][0]["url"].split("/")[-1]
        page.goto(f"{client.base_url}/?picture={digest}&seed=3")
        expect(page.get_by_role("alert")).to_contain_text("asks for a key")
        field = page.get_by_label("Key", exact=True)
        field.fill(secret)
        field.press("Enter")
        finish(page)
        expect(page.get_by_role("alert")).to_be_hidden()
        expect(page.locator("#original")).to_have_attribute(
            "alt", f"The picture to translate: {digest[:8]}.png"
        )
