"""Pictures on their way to a dataset, by Batch and Train: what is told before, meanwhile and after."""

import re
import zipfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from io import BytesIO
from pathlib import Path

import pytest
from httpx import Client
from PIL import Image
from playwright.sync_api import Browser, Dialog, Locator, Page, Route, expect

from app.keys import KeyRing, Scope

Open = Callable[..., Page]
Serve = Callable[..., AbstractContextManager[Client]]
UPLOADS = re.compile(r"/v1/datasets\?name=")


def picture(colour: int, form: str = "PNG") -> bytes:
    buffer = BytesIO()
    Image.new("RGB", (20, 20 + colour), (40 * colour, 90, 60)).save(buffer, form)
    return buffer.getvalue()


def zipped(*names: str) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for index, name in enumerate(names):
            archive.writestr(name, picture(index))
    return buffer.getvalue()


def stored(client: Client, name: str, *domains: str) -> None:
    files = zipped(*(f"{domain}/{index}.png" for domain in domains for index in range(2)))
    upload = {"params": {"name": name}, "headers": {"Content-Type": "application/zip"}}
    client.post("/v1/datasets", content=files, **upload, timeout=120).raise_for_status()


def give(page: Page, name: str, content: bytes, zone: str = "Pictures") -> None:
    file = {"name": name, "mimeType": "application/octet-stream", "buffer": content}
    page.get_by_label(f"{zone}: choose a zip or pictures").set_input_files(file)


def domain_names(page: Page) -> tuple[Locator, Locator]:
    fields = page.get_by_role("textbox", name="Its name")
    return fields.first, fields.last


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "mine"
    folder.mkdir()
    for index in range(2):
        (folder / f"{index}.png").write_bytes(picture(index))
    return folder


def test_the_domains_of_a_zip_keep_their_names_in_whatever_order_it_has_them(
    visit: Open, client: Client
) -> None:
    page = visit("/train")
    names = ("Zebra/0.png", "Zebra/1.png", "Zebra/old/2.png", "Horse/0.png", "Horse/1.png")
    give(page, "both.zip", zipped(*(f"around/{name}" for name in names)), "First domain")
    first, second = domain_names(page)
    expect(first).to_have_value("horse")
    expect(second).to_have_value("zebra")
    page.get_by_role("button", name="Upload and examine").click()
    page.wait_for_url(re.compile("dataset="))
    dataset = client.get(f"/v1/datasets/{page.url.split('=')[-1]}").json()
    assert dataset["domains"] == ["horse", "zebra"]
    counts = {each["domain"]: each["pictures"] for each in dataset["report"]["folders"]}
    assert counts == {"horse": 2, "zebra": 3}


def test_what_a_dataset_does_without_is_told(visit: Open, folder: Path) -> None:
    (folder / "phone.heic").write_bytes(b"-")
    (folder / "notes.txt").write_bytes(b"-")
    page = visit("/batch")
    page.get_by_label("choose a folder").set_input_files(folder)
    page.get_by_role("button", name="Translate them").click()
    page.wait_for_url(re.compile("job="))
    page.get_by_text("2 files left out").click()
    expect(page.get_by_text("phone.heic")).to_be_visible()
    expect(page.get_by_text("convert it to JPEG or PNG")).to_be_visible()


@pytest.mark.parametrize(("screen", "zone"), [("/batch", "Pictures"), ("/train", "First domain")])
def test_a_damaged_zip_says_so(visit: Open, screen: str, zone: str) -> None:
    page = visit(screen)
    give(page, "broken.zip", b"no zip", zone)
    expect(page.get_by_role("alert")).to_contain_text("broken.zip cannot be read as a zip")


def test_a_domain_is_called_as_a_name_may_be(visit: Open, folder: Path) -> None:
    page = visit("/train")
    for zone in ("First domain", "Second domain"):
        page.get_by_label(f"{zone}: choose a folder").set_input_files(folder)
    first, second = domain_names(page)
    first.fill("My Horse")
    second.fill("馬")
    second.blur()
    expect(first).to_have_value("my-horse")
    expect(second).to_have_value("")
    page.get_by_role("button", name="Upload and examine").click()
    expect(page.get_by_role("alert")).to_contain_text("Latin letters and digits")


def test_the_model_is_called_after_the_dataset_that_is_chosen(visit: Open, client: Client) -> None:
    for name, domains in (("fruit", ("apple", "pear")), ("music", ("drum", "horn"))):
        stored(client, name, *domains)
    late: list[Route] = []
    page = visit("/train")
    known = page.get_by_label("Those that are here already")
    known.select_option("fruit")
    model = page.get_by_label("Published as")
    expect(model).to_have_value("apple2pear")
    page.route("**/v1/datasets/fruit", lambda route: late.append(route))
    known.select_option("music")
    expect(model).to_have_value("drum2horn")
    known.select_option("fruit")
    known.select_option("music")
    expect(page.get_by_role("region", name="Report")).to_contain_text("music")
    with page.expect_response("**/v1/datasets/fruit"):
        late[0].continue_()
    page.wait_for_timeout(500)  # it would be shown by then
    expect(page.get_by_role("region", name="Report")).to_contain_text("music")


def test_new_pictures_are_not_trained_on_before_they_are_examined(visit: Open, folder: Path) -> None:
    page = visit("/train")
    give(
        page, "both.zip", zipped(*(f"{name}/{index}.png" for name in "ab" for index in "01")), "First domain"
    )
    page.get_by_role("button", name="Upload and examine").click()
    start = page.get_by_role("button", name="Start the training")
    expect(start).to_be_visible()
    page.get_by_label("First domain: choose a folder").set_input_files(folder)
    expect(start).to_be_hidden()
    assert page.url.endswith("/train")


def test_an_upload_under_way_is_not_lost(visit: Open, folder: Path) -> None:
    page = visit("/batch")
    uploads: list[Route] = []
    page.route(UPLOADS, lambda route: uploads.append(route))
    page.get_by_label("choose a folder").set_input_files(folder)
    page.get_by_role("button", name="Translate them").click()
    while not uploads:
        page.wait_for_timeout(50)
    give(page, "more.zip", zipped("a.png"))
    expect(page.get_by_role("alert")).to_contain_text("still on their way")
    expect(page.get_by_role("button", name="Translate them")).to_be_disabled()
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.close(run_before_unload=True)
    page.wait_for_timeout(500)
    assert asked == ["beforeunload"]
    uploads[0].abort()
    expect(page.get_by_role("alert")).to_contain_text("does not answer")
    expect(page.get_by_role("button", name="Translate them")).to_be_enabled()


def test_too_much_is_told_before_it_is_sent(browser: Browser, serve: Serve, folder: Path) -> None:
    with serve(max_dataset_upload_bytes=100) as client, browser.new_page() as page:
        page.goto(f"{client.base_url}/batch")
        refuse_uploads(page)
        page.get_by_label("choose a folder").set_input_files(folder)
        page.get_by_role("button", name="Translate them").click()
        expect(page.get_by_role("alert")).to_contain_text("the service takes 100 bytes at once")


def test_a_key_that_may_not_upload_is_told_before_it_does(
    browser: Browser, serve: Serve, folder: Path, tmp_path: Path
) -> None:
    _, secret = KeyRing(tmp_path / "keys.json").create("page", frozenset({Scope.TRANSLATE}))
    with serve(data_dir=tmp_path) as client, browser.new_page() as page:
        page.goto(f"{client.base_url}/batch")
        refuse_uploads(page)
        page.get_by_label("Key", exact=True).fill(secret)
        page.get_by_label("choose a folder").set_input_files(folder)
        page.get_by_role("button", name="Translate them").click()
        expect(page.get_by_role("alert")).to_contain_text("lacks the scope train")


def refuse_uploads(page: Page) -> None:
    page.route(UPLOADS, lambda route: route.abort())
