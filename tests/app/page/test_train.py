"""The Train screen, with a worker and real commands: two folders in, a model out, followed on the way."""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from httpx import Client
from PIL import Image
from playwright.sync_api import Page, expect

Open = Callable[..., Page]
Serve = Callable[..., AbstractContextManager[Client]]
TINY = {  # 16 pixels, a few thousand weights
    "data.size": 16,
    "training.steps": 12,
    "objective.weights.code": 0.01,
    "model.generator.width": 4,
    "model.generator.blocks": 1,
    "model.noise.width": 4,
    "model.discriminator.width": 4,
    "model.discriminator.projection": 4,
    "training.log_every": 2,
    "training.grid_every": 6,
    "evaluation.every": 4,
}


@pytest.fixture(scope="module")
def client(serve: Serve) -> Iterator[Client]:
    with serve(embedded_worker=True, device="cpu") as client:
        yield client


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    root = tmp_path_factory.mktemp("pictures")
    for domain, colour in (("Plain ones", "brown"), ("striped", "white")):
        (root / domain).mkdir()
        for index in range(4):
            picture = Image.new("RGB", (20, 20), (40 + 9 * index, 90, 60))
            picture.paste(colour, (0, 5, 20, 9 + index))
            picture.save(root / domain / f"{index}.png")
    return root / "Plain ones", root / "striped"


def give(page: Page, folders: tuple[Path, Path]) -> None:
    for domain, folder in zip(("First domain", "Second domain"), folders, strict=True):
        page.get_by_label(f"{domain}: choose a folder").set_input_files(folder)
    expect(page.locator(".thumb canvas")).to_have_count(8)


def examine(page: Page, folders: tuple[Path, Path]) -> None:
    give(page, folders)
    page.get_by_role("button", name="Upload and examine").click()
    expect(page.get_by_role("radio", name="quick")).to_be_checked()


def test_two_folders_become_a_model(
    visit: Open,
    client: Client,
    folders: tuple[Path, Path],
    violations: Callable[[Page], list[str]],
    picture_of: Callable[[Page, str], None],
) -> None:
    page = visit("/train")
    examine(page, folders)
    report = page.get_by_role("region", name="Report")
    expect(report).to_contain_text("8 pictures")
    expect(report).to_contain_text("Warning")
    page.get_by_text("Everything else").click()
    for path, value in TINY.items():
        page.locator(f"[id='set-{path}']").fill(str(value))
    page.get_by_label("Published as").fill("mine")
    picture_of(page, "train-form")
    page.get_by_role("button", name="Start the training").click()
    page.wait_for_url(re.compile("job="))
    expect(page.locator("#job .badge")).to_have_text("succeeded")
    expect(page.get_by_text("Published as mine.")).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("NELL, .* at step 12"))).to_be_visible()
    follow_grids(page)
    picture_of(page, "train-done")
    (job,) = client.get("/v1/jobs?kind=train").json()["jobs"]
    follow_evaluations(page, client.get(job["links"]["evaluations"]).json()["evaluations"])
    assert job["params"]["set"] == TINY
    assert job["params"]["dataset"].startswith("plain-ones2striped-")
    follow_distances(page, job["id"])
    assert violations(page) == []
    picture_of(page, "train-evaluations")
    page.get_by_role("link", name="Translate with it").click()
    expect(page.get_by_role("radio", name="plain-ones to striped")).to_be_checked()


def test_minutes_stand_in_the_place_of_steps(visit: Open, client: Client, folders: tuple[Path, Path]) -> None:
    page = visit("/train")
    examine(page, folders)
    minutes, steps = page.get_by_label("Minutes", exact=True), page.get_by_label("Steps", exact=True)
    steps.fill("7")
    minutes.fill("2.5")
    expect(steps).to_be_disabled()
    page.get_by_label("Published as").fill("timed")
    page.get_by_role("button", name="Start the training").click()
    page.wait_for_url(re.compile("job="))
    (job,) = (job for job in client.get("/v1/jobs").json()["jobs"] if job["params"].get("model") == "timed")
    client.post(f"{job['links']['self']}/cancel").raise_for_status()
    assert (job["params"]["minutes"], job["params"]["set"]) == (2.5, {})


def follow_grids(page: Page) -> None:
    """After its end: the events tell again and again of grids that are there."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    slider = page.get_by_role("slider", name="Step of the sample grid")
    expect(slider).to_have_attribute("aria-valuetext", "step 12")
    slider.press("Home")
    grid = page.get_by_role("img", name="Translations after step 6")
    assert grid.evaluate("image => image.naturalWidth") > 16
    slider.press("End")
    expect(page.get_by_role("img", name=re.compile("NELL, .* at step 12"))).to_be_visible()
    assert len([url for url in asked if url.endswith("/samples")]) == 1


def follow_evaluations(page: Page, found: list[dict[str, Any]]) -> None:
    """The last of each figure that needs no network is told for both directions."""
    assert [each["step"] for each in found] == [4, 8, 12]
    lost = [float(f"{way['lines']['cycle']['plain']:.3g}") for way in found[-1]["directions"]]
    told = "plain-ones to striped {:g}, striped to plain-ones {:g} at step 12".format(*lost)
    held_out = page.get_by_role("region", name="On pictures held out")
    expect(held_out.get_by_role("img", name=f"There and back, {told}")).to_be_visible()
    expect(held_out.get_by_role("img", name=re.compile("^Bound, "))).to_be_visible()
    expect(held_out.get_by_text("Kernel distance")).to_have_count(0)


def follow_distances(page: Page, job: str) -> None:
    """In the place of its own figures, those that a network would have measured."""
    ways = [{"source": "plain-ones", "to": "striped"}, {"source": "striped", "to": "plain-ones"}]
    evaluations = [
        {
            "step": step,
            "score": kernel,
            "directions": [{**way, "lines": {"sample": {"kernel": kernel}}} for way in ways],
        }
        for step, kernel in ((4, 30.0), (8, 10.5), (12, 20.25))
    ]
    page.route("**/evaluations", lambda route: route.fulfill(json={"evaluations": evaluations}))
    page.set_viewport_size({"width": 360, "height": 740})
    page.emulate_media(color_scheme="dark")
    page.goto(f"/train?job={job}")
    told = "Kernel distance, plain-ones to striped 20.3, striped to plain-ones 20.3 at step 12"
    expect(page.get_by_role("img", name=told)).to_be_visible()
    expect(page.get_by_text("so far, 10.5, was at step 8")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.slow
def test_a_dataset_is_taken_again_from_the_link(
    visit: Open, client: Client, folders: tuple[Path, Path]
) -> None:
    page = visit("/train")
    examine(page, folders)
    page.get_by_role("radio", name="cyclegan").check()
    expect(page.locator("[id='set-data.size']")).to_have_value("256")
    page.reload()
    expect(page.get_by_role("region", name="Report")).to_contain_text("8 pictures")
    expect(page.get_by_label("Published as")).to_have_value("plain-ones2striped")


@pytest.mark.slow
def test_a_folder_of_both_is_enough(visit: Open, client: Client, folders: tuple[Path, Path]) -> None:
    page = visit("/train")
    page.get_by_label("First domain: choose a folder").set_input_files(folders[0].parent)
    expect(page.get_by_role("textbox", name="Its name").first).to_have_value("plain-ones")
    expect(page.get_by_label("Second domain: choose a folder")).to_be_hidden()
    page.get_by_role("button", name="Upload and examine").click()
    expect(page.get_by_role("region", name="Report")).to_contain_text("8 pictures")
