"""The page in a real browser, before a real server: how soon its first view is there, and how much longer
than the network the first sample of a picture takes until it is on the screen.

    python tests/benchmarks/page.py
"""

import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Annotated

import typer
from load import encoded, pictures
from playwright.sync_api import Browser, Page, sync_playwright
from service import ROOT, serving

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
FLAGS = ("--no-sandbox", "--disable-gpu")
MAX_FIRST_VIEW_S = 0.5
MAX_DELAY_S = 0.15
WATCH = """() => {
  const chosen = new Promise((given) => {
    addEventListener("change", () => given(performance.now()), { once: true, capture: true });
  });
  const painted = () => new Promise((done) => {
    requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now())));
  });
  const shown = async () => {
    for (;;) {
      const image = document.querySelector("#samples img.translated:not([hidden])");
      if (image?.src && image.closest("li").dataset.seen === undefined) {
        await image.decode();
        return painted();
      }
      await new Promise(requestAnimationFrame);
    }
  };
  for (const old of document.querySelectorAll("#samples li")) old.dataset.seen = "";
  window.measured = chosen.then(async (start) => (await shown()) - start);
}"""
VIEW = """() => {
  const [entry] = performance.getEntriesByType("navigation");
  const paints = performance.getEntriesByType("paint").map(({ startTime }) => startTime);
  return Math.max(entry.loadEventEnd, ...paints) / 1000;
}"""


def main(
    bundle: Annotated[Path, typer.Option(help="its name and size at work")] = ROOT / "weights/horse2zebra",
    size: Annotated[int, typer.Option(help="of the pictures, in pixels")] = 256,
    samples: Annotated[int, typer.Option(help="that the page asks for, of which the first counts")] = 4,
    rounds: Annotated[int, typer.Option(help="of each, after one that counts for nothing")] = 9,
) -> None:
    """Measure the page on this machine."""
    if CHROMIUM is None:
        raise typer.BadParameter("no Chromium on this machine: apt-get install chromium")
    files = [encoded(image) for image in pictures(rounds + 1, size)]
    with serving(bundle.parent, rate_limit="0") as service, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        url = f"http://127.0.0.1:{service.port}"
        views = [first_view_s(browser, url) for _ in range(rounds + 1)][1:]
        delays = first_samples(browser, f"{url}/?samples={samples}", files)[1:]
        browser.close()
    report("first view", views, MAX_FIRST_VIEW_S)
    report("first sample, without the network's time", delays, MAX_DELAY_S)
    typer.echo(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


def report(what: str, seconds: Sequence[float], bar_s: float) -> None:
    middle, longest, bar = (f"{value * 1e3:.0f} ms" for value in (median(seconds), max(seconds), bar_s))
    typer.echo(f"{what}: median {middle}, longest {longest}, at most {bar} are wanted")


def first_view_s(browser: Browser, url: str) -> float:
    """In a window that has nothing yet: until all is loaded, and painted."""
    window = browser.new_context()
    page = window.new_page()
    page.goto(url, wait_until="load")
    page.wait_for_timeout(50)  # for the entry's end
    seconds: float = page.evaluate(VIEW)
    window.close()
    return seconds


def first_samples(browser: Browser, url: str, files: Sequence[bytes]) -> list[float]:
    """From the choice of a picture until its first sample is painted, less what the network took for that."""
    page = browser.new_page()
    network_s: list[float] = []
    page.on("response", lambda answer: network_s.extend(infer_s(answer.headers.get("server-timing", ""))))
    page.goto(url)
    finished(page)
    return [delay_s(page, data, network_s) for data in files]


def delay_s(page: Page, data: bytes, network_s: list[float]) -> float:
    network_s.clear()
    page.evaluate(WATCH)
    page.set_input_files("[name=image]", {"name": "picture.jpg", "mimeType": "image/jpeg", "buffer": data})
    shown_s = float(page.evaluate("() => window.measured")) / 1000
    first_s = network_s[0]  # the answers come in the order in which they were drawn
    finished(page)
    return shown_s - first_s


def finished(page: Page) -> None:
    page.wait_for_function("() => / in [0-9.]+ s/.test(document.querySelector('#progress').textContent)")
    page.wait_for_load_state("networkidle")


def infer_s(timing: str) -> list[float]:
    return [float(found) / 1000 for found in re.findall(r"infer;dur=([0-9.]+)", timing)]


if __name__ == "__main__":
    typer.run(main)
