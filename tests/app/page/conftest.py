"""A real browser, where there is one, before a real server with a model of a few thousand weights."""

import mimetypes
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from httpx import Client
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "")
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
AXE = Path(__file__).parent / "axe" / "axe.min.js"
SCREENSHOTS = Path(__file__).parents[3] / "build" / "screenshots"
Open = Callable[..., Page]
WAIT_MS = 120_000  # a command of its own begins on a machine that has other work
expect.set_options(timeout=WAIT_MS)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Not for longer: while Playwright is in use, its event loop runs, and no other can in that thread."""
    if not CHROMIUM:
        pytest.skip("no Chromium on this machine: `apt-get install chromium`, or `make test-browser`")
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)


@pytest.fixture
def visit(browser: Browser, client: Client) -> Iterator[Open]:
    """A screen in a window of its own. It may ask no other host, and the browser complain of nothing."""
    complaints: list[str] = []
    windows = []

    def listen(line: ConsoleMessage) -> None:
        if line.type == "error" and "/v1/" not in line.location["url"]:  # there, refusals are meant
            complaints.append(line.text)

    def watch(request: Request) -> None:
        if urlsplit(request.url).hostname not in ("127.0.0.1", None, ""):
            complaints.append(request.url)

    def visit(path: str = "/", **options: object) -> Page:
        windows.append(browser.new_context(**{"base_url": str(client.base_url)} | options))
        windows[-1].set_default_timeout(WAIT_MS)
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


@pytest.fixture(scope="session")
def choose() -> Callable[[Page, str, bytes], None]:
    """Gives the page a file of that name."""

    def choose(page: Page, name: str, content: bytes) -> None:
        file = {"name": name, "mimeType": mimetypes.guess_type(name)[0], "buffer": content}
        page.set_input_files("input[type=file]", file)

    return choose


@pytest.fixture(scope="session")
def finish() -> Callable[..., None]:
    """Waits for as many samples."""

    def finish(page: Page, samples: int = 4) -> None:
        done = re.compile(rf"\b{samples} samples? in")
        expect(page.get_by_role("status")).to_contain_text(done)

    return finish


@pytest.fixture(scope="session")
def picture_of() -> Callable[[Page, str], None]:
    """Keeps the whole page as NAME.png, to be looked at."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    return lambda page, name: page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)


@pytest.fixture(scope="session")
def violations() -> Callable[[Page], list[str]]:
    """Those of the rules of WCAG 2.2, level AA, that axe-core calls serious or worse."""

    def violations(page: Page) -> list[str]:
        page.evaluate(AXE.read_text("utf-8"))  # not as a script of the page: its policy would refuse that
        found = page.evaluate("() => axe.run()")["violations"]
        grave = [each for each in found if each["impact"] in ("serious", "critical")]
        return [f"{each['id']}: {[node['html'][:90] for node in each['nodes'][:3]]}" for each in grave]

    return violations
