"""What can be done with samples: compared, led back, downloaded, made again by their seed or by a link."""

import zipfile
from collections.abc import Callable
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from httpx import Client
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Page, expect

Pixels = NDArray[np.int16]
Open = Callable[..., Page]
Finish = Callable[..., None]
Choose = Callable[[Page, str, bytes], None]


@pytest.fixture
def page(visit: Open, finish: Finish, choose: Choose, photograph: bytes) -> Page:
    """With samples of a picture of its own."""
    page = visit(permissions=["clipboard-read", "clipboard-write"])
    choose(page, "my.photo.jpg", photograph)
    finish(page)
    return page


def translation(client: Client, picture: bytes, seed: int, to: str = "zebra") -> bytes:
    query = {"to": to, "seed": seed, "format": "jpeg"}
    return client.post("/v1/translations", params=query, files={"image": picture}).content


def assert_close(one: bytes, other: bytes) -> None:
    """Within what the size of the batch may change, which requests of the same time share."""
    first, second = (np.asarray(Image.open(BytesIO(each)), np.int16) for each in (one, other))
    assert np.abs(first - second).max() <= 4


def assert_is_result(client: Client, picture: bytes) -> None:
    """Byte for byte what the API keeps."""
    assert client.get(f"/v1/results/{sha256(picture).hexdigest()}").content == picture


def test_a_download_is_what_the_api_gives_for_its_seed(page: Page, client: Client, photograph: bytes) -> None:
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").nth(1).click()
    assert download.value.suggested_filename == "my.photo-zebra-8.jpg"
    picture = Path(download.value.path()).read_bytes()
    assert_is_result(client, picture)
    assert_close(picture, translation(client, photograph, 8))


def test_all_come_as_a_zip(page: Page, client: Client, photograph: bytes) -> None:
    with page.expect_download() as download:
        page.get_by_role("button", name="Download all").click()
    assert download.value.suggested_filename == "zebra-7.zip"
    with zipfile.ZipFile(download.value.path()) as archive:
        assert archive.namelist() == [f"my.photo-zebra-{seed}.jpg" for seed in (7, 8, 9, 10)]
        assert_close(archive.read("my.photo-zebra-9.jpg"), translation(client, photograph, 9))
        for name in archive.namelist():
            assert_is_result(client, archive.read(name))


def test_a_seed_that_is_reused_gives_the_same_pixels(page: Page, finish: Finish) -> None:
    third = pixels(page, 2)
    assert np.abs(third - pixels(page, 0)).max() > 4
    page.get_by_role("button", name="Reuse the seed").nth(2).click()
    expect(page.get_by_label("Seed", exact=True)).to_have_value("9")
    expect(page.locator("#samples")).to_contain_text("seed 12")
    finish(page)
    assert_same(pixels(page, 0), third)


def assert_same(one: Pixels, other: Pixels) -> None:
    """As `assert_close`."""
    assert np.abs(one - other).max() <= 4


def pixels(page: Page, sample: int) -> Pixels:
    image = page.locator("#samples .translated").nth(sample)
    values = image.evaluate(
        """image => {
            const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
            const context = canvas.getContext("2d");
            context.drawImage(image, 0, 0);
            return [...context.getImageData(0, 0, canvas.width, canvas.height).data];
        }"""
    )
    return np.asarray(values, np.int16)


def test_the_original_is_uncovered_by_the_keyboard(page: Page) -> None:
    slider = page.get_by_role("slider", name="Sample of seed 7")
    original = page.locator("#samples .original").first
    assert original.evaluate("image => getComputedStyle(image).clipPath") == "inset(0px 100% 0px 0px)"
    slider.press("End")
    assert original.evaluate("image => getComputedStyle(image).clipPath") == "inset(0px 0% 0px 0px)"
    assert slider.get_attribute("aria-valuetext") == "100 % original"
    slider.press("ArrowLeft")
    assert slider.get_attribute("aria-valuetext") == "99 % original"


def test_a_pointer_that_drags_uncovers_the_original(page: Page) -> None:
    box = page.locator("#samples .compare").first.bounding_box()
    assert box
    page.mouse.move(box["x"] + 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.up()
    assert 45 <= int(page.get_by_role("slider", name="Sample of seed 7").input_value()) <= 55


def test_a_sample_is_led_back_beside_itself(page: Page, client: Client, photograph: bytes) -> None:
    toggle = page.get_by_role("button", name="Back to horse").nth(1)
    toggle.press("Enter")
    back = page.get_by_role("img", name="Sample of seed 8, translated back to horse")
    expect(back).to_have_js_property("naturalWidth", 61)
    expected = translation(client, translation(client, photograph, 8), 8, to="horse")
    with page.expect_download() as download:
        page.get_by_role("link", name="back to horse").click()
    assert download.value.suggested_filename == "my.photo-zebra-8-horse.jpg"
    picture = Path(download.value.path()).read_bytes()
    assert_is_result(client, picture)
    assert_close(picture, expected)
    toggle.press("Enter")
    expect(back).to_be_hidden()


def test_the_spread_is_drawn_over_the_picture(page: Page) -> None:
    page.get_by_role("button", name="Spread").click()
    expect(page.locator("#legend")).to_contain_text("standard deviation over 4 samples")
    spread = page.locator("#spread")
    assert spread.evaluate("canvas => [canvas.width, canvas.height]") == [61, 43]
    data = "canvas => [...canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data]"
    assert max(spread.evaluate(data)[3::4]) == 235  # where the samples are farthest apart
    page.get_by_role("button", name="Spread").click()
    expect(spread).to_be_hidden()


def test_a_link_makes_the_same_samples_of_the_example(visit: Open, finish: Finish) -> None:
    page = visit("/?seed=90&samples=2&temperature=0.5&to=horse")
    finish(page, 2)
    expect(page.get_by_role("radio", name="zebra to horse")).to_be_checked()
    expect(page.get_by_label("Temperature")).to_have_value("0.5")
    assert page.get_by_role("link", name="Download").first.get_attribute("download") == "horse-horse-90.jpg"
    assert page.url.endswith("/?model=tiny&to=horse&seed=90&temperature=0.5&samples=2")


def test_a_link_has_a_picture_that_the_service_made(
    page: Page, visit: Open, finish: Finish, choose: Choose
) -> None:
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").first.click()
    choose(page, "made.jpg", Path(download.value.path()).read_bytes())
    finish(page)
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("status")).to_have_text("The link is copied.")
    link = page.evaluate("navigator.clipboard.readText()")
    other = visit(link)
    finish(other)
    assert_same(pixels(other, 0), pixels(page, 0))


def test_a_link_to_a_picture_of_ones_own_asks_for_it(
    page: Page, visit: Open, finish: Finish, choose: Choose, photograph: bytes
) -> None:
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_role("status")).to_contain_text("The picture is not in it")
    other = visit(page.url)
    expect(other.get_by_role("alert")).to_contain_text("choose it again")
    choose(other, "the.same.jpg", photograph)
    finish(other)
    assert_same(pixels(other, 3), pixels(page, 3))
