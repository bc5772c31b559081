"""How every screen looks and can be used: narrow and wide, light and dark, with a screen reader."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

Open = Callable[..., Page]
Finish = Callable[..., None]
SCREENS = {
    "translate": "/",
    **{name: f"/{name}" for name in ("batch", "train", "models", "jobs", "settings")},
}
WINDOWS = [
    pytest.param((360, 740, "dark"), id="360-dark"),
    pytest.param((1440, 900, "light"), id="1440-light"),
    pytest.param((360, 740, "light"), id="360-light", marks=pytest.mark.slow),
    pytest.param((1440, 900, "dark"), id="1440-dark", marks=pytest.mark.slow),
]
MAX_FIRST_VIEW_BYTES = 150_000


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("window", WINDOWS)
def test_a_screen_fits_its_window_and_breaks_no_rule_of_accessibility(
    visit: Open,
    finish: Finish,
    violations: Callable[[Page], list[str]],
    picture_of: Callable[[Page, str], None],
    screen: str,
    window: tuple[int, int, str],
) -> None:
    width, height, scheme = window
    page = visit(SCREENS[screen], viewport={"width": width, "height": height}, color_scheme=scheme)
    if screen == "translate":
        finish(page)
    page.wait_for_load_state("networkidle")
    picture_of(page, f"{screen}-{width}-{scheme}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert violations(page) == []


@pytest.mark.parametrize("width", [320, 1920])
def test_nothing_is_wider_than_the_window(visit: Open, width: int) -> None:
    page = visit(viewport={"width": width, "height": 700})
    for path in SCREENS.values():
        page.goto(path)
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_the_first_view_is_small(visit: Open) -> None:
    page = visit("/livez")  # only to have a window
    sizes: list[int] = []
    is_ours = re.compile(r"http://[^/]+/(?!v1/)").match  # what it translates is no view of the page
    page.on("response", lambda answer: sizes.append(len(answer.body())) if is_ours(answer.url) else None)
    page.goto("/")
    page.wait_for_load_state("networkidle")
    assert 0 < sum(sizes) < MAX_FIRST_VIEW_BYTES


@pytest.mark.parametrize("path", ["/", "/batch", "/train"])
def test_the_keyboard_skips_to_the_content_of_the_same_page(visit: Open, path: str) -> None:
    page = visit(path)
    page.wait_for_load_state("networkidle")
    page.evaluate("window.isSame = true")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="To the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**#main")
    page.wait_for_timeout(500)  # it would be loaded again by then
    expect(page.locator("main")).to_be_focused()
    assert page.evaluate("window.isSame")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_field_stands_out_from_what_is_around_it(visit: Open, scheme: str) -> None:
    page = visit(color_scheme=scheme)
    border = "input => getComputedStyle(input).borderTopColor"
    paper = "getComputedStyle(document.documentElement).backgroundColor"
    colours = page.get_by_label("Seed", exact=True).evaluate(border), page.evaluate(paper)
    darker, lighter = sorted(luminance(colour) for colour in colours)
    assert (lighter + 0.05) / (darker + 0.05) >= 3  # WCAG 2.2, 1.4.11


def luminance(colour: str) -> float:
    """Of an opaque rgb(...): https://www.w3.org/TR/WCAG22/#dfn-relative-luminance"""
    shares = [int(value) / 255 for value in re.findall(r"\d+", colour)]
    red, green, blue = (
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in shares
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_the_description_of_the_api_opens(visit: Open) -> None:
    page = visit("/docs")
    expect(page.locator("#docs")).to_contain_text("/v1/translations")
