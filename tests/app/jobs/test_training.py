"""All of it, with real parts: a zip in, a training that is killed and goes on, a model, pictures by it."""

import os
import signal
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from io import BytesIO
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest
from httpx import Client
from PIL import Image, ImageDraw

from translation.registry import Registry
from translation.weights import load_bundle, save_bundle

Json = dict[str, Any]
TINY = Path(__file__).parents[2] / "training" / "tiny.toml"
STEPS = 30
KILLED_AT = 4


def overrides() -> Json:
    """The tiny recipe as a request gives it, with steps enough to be killed between."""
    recipe = tomllib.loads(TINY.read_text())
    recipe.pop("description")
    flat: Json = {}

    def add(section: Json, path: str) -> None:
        for name, value in section.items():
            if isinstance(value, dict):
                add(value, f"{path}{name}.")
            else:
                flat[path + name] = value

    add(recipe, "")
    return flat | {"training.steps": STEPS, "training.grid_every": 10}


def zipped(pictures: dict[str, bytes]) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in pictures.items():
            archive.writestr(name, data)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def client(
    serve: Callable[..., AbstractContextManager[Client]], data: Path, colours: Path
) -> Iterator[Client]:
    features = str(colours)
    with serve(data_dir=data, device="cpu", embedded_worker=True, evaluation_features=features) as client:
        yield client


def upload(client: Client, name: str, pictures: dict[str, bytes]) -> None:
    headers = {"Content-Type": "application/zip"}
    answer = client.post(f"/v1/datasets?name={name}", content=zipped(pictures), headers=headers)
    assert answer.status_code == 201, answer.text


def order(client: Client, **body: object) -> Json:
    answer = client.post("/v1/jobs", json=body)
    assert answer.status_code == 202, answer.text
    job: Json = answer.json()
    return job


def until(client: Client, job: Json, state: str, done: int = 0) -> Json:
    due = monotonic() + 240
    while True:
        shown: Json = client.get(job["links"]["self"]).json()
        if shown["state"] == state and (shown["progress"] or {"done": 0})["done"] >= done:
            return shown
        assert shown["state"] not in ("failed", "cancelled", "succeeded"), shown
        assert monotonic() < due, shown
        sleep(0.05)


def kill_command(data: Path, job: Json) -> None:
    _, pid = (data / "runs" / job["id"] / ".command").read_text().split()
    os.kill(int(pid), signal.SIGKILL)


def test_two_folders_become_a_model_though_the_training_is_killed(
    client: Client, data: Path, pictures: Callable[..., dict[str, bytes]]
) -> None:
    upload(client, "pair", pictures("plain") | pictures("striped"))
    job = order(client, kind="train", dataset="pair", model="mine", set=overrides())
    until(client, job, "running", done=KILLED_AT)
    kill_command(data, job)
    trained = until(client, job, "succeeded")
    assert (trained["attempt"], trained["progress"]["done"]) == (2, STEPS)
    assert {*trained["progress"]["terms"]} == {"nell", "nelp", "kl_latent", "kl_observed"}
    steps = (data / "runs" / job["id"] / "metrics.jsonl").read_text().count('"nell"')
    assert steps == STEPS  # none lost, none twice
    check_evaluations(client, trained)
    assert Image.open(BytesIO(client.get(trained["progress"]["sample"]).content)).format == "PNG"
    assert "card.json" in zipfile.ZipFile(BytesIO(client.get(job["links"]["result"]).content)).namelist()

    (model,) = [each for each in client.get("/v1/models").json()["models"] if each["name"] == "mine"]
    assert (model["digest"], model["domains"]) == (trained["result"]["digest"], ["plain", "striped"])
    one = next(iter(pictures("plain").values()))
    query = "/v1/translations?model=mine&to=striped&seed=7"
    translated = client.post(query, content=one, headers={"Content-Type": "image/png"})
    assert translated.headers["SJMVI-Model-Digest"] == model["digest"]
    deferred = client.post(
        query, content=one, headers={"Content-Type": "image/png", "Prefer": "respond-async"}
    )
    until(client, deferred.json(), "succeeded")
    archive = zipfile.ZipFile(BytesIO(client.get(deferred.json()["links"]["result"]).content))
    same = Image.open(archive.open("translation.png"))
    assert same.tobytes() == Image.open(BytesIO(translated.content)).tobytes()


def check_evaluations(client: Client, trained: Json) -> None:
    """Of pictures too few for the service's network: what needs none."""
    found = client.get(trained["links"]["evaluations"]).json()["evaluations"]
    assert [each["step"] for each in found] == [*range(3, STEPS + 1, 3)]
    assert trained["progress"]["evaluated"] == STEPS
    for each in found:
        assert each["score"] is None
        ways = [(way["source"], way["to"]) for way in each["directions"]]
        assert ways == [("plain", "striped"), ("striped", "plain")]
        assert all({*way["lines"]} == {"cycle", "bound"} for way in each["directions"])


def test_a_training_with_pictures_enough_is_validated_by_the_services_network(client: Client) -> None:
    domains = {"plain": (140, 80, 30), "striped": (220, 220, 220)}
    many = {
        f"{domain}/{index}.png": ellipse(colour, index)
        for domain, colour in domains.items()
        for index in range(26)
    }
    upload(client, "many", many)
    few = {"training.steps": 4, "evaluation.every": 2, "data.validation_share": 0.8}
    job = order(client, kind="train", dataset="many", model="measured", set=overrides() | few)
    done = until(client, job, "succeeded")
    found = client.get(done["links"]["evaluations"]).json()["evaluations"]
    assert [each["step"] for each in found] == [2, 4]
    for each in found:
        distances = [way["lines"]["sample"]["kernel"] for way in each["directions"]]
        assert each["score"] == pytest.approx(sum(distances) / 2)
    card = client.get("/v1/models/measured").json()["card"]
    best = min(found, key=lambda each: each["score"])["step"]
    assert (card["steps"], card["metrics"]["validation"]["selected"]["step"]) == (best, best)


def ellipse(colour: tuple[int, int, int], index: int) -> bytes:
    image, buffer = Image.new("RGB", (20, 20), (9 * index, 90, 60)), BytesIO()
    ImageDraw.Draw(image).ellipse((2, 4, 17, 14), fill=colour)
    image.save(buffer, "PNG")
    return buffer.getvalue()


def test_a_folder_of_pictures_is_translated(
    client: Client, pictures: Callable[..., dict[str, bytes]]
) -> None:
    upload(client, "photos", pictures("plain"))
    job = order(client, kind="translate", dataset="photos", model="tiny", to="zebra", samples=2, seed=7)
    done = until(client, job, "succeeded")
    assert done["result"] == {"translated": 4, "failed": 0, "seed": 7}
    names = zipfile.ZipFile(BytesIO(client.get(job["links"]["result"]).content)).namelist()
    assert len([name for name in names if name.endswith(".png")]) == 8
    assert {"report.csv", "report.jsonl"} < {*names}


def test_a_model_is_measured_and_exported(client: Client, pictures: Callable[..., dict[str, bytes]]) -> None:
    upload(client, "test", pictures("plain") | pictures("striped"))
    evaluation = order(client, kind="evaluate", dataset="test", model="mine", samples=2, inputs=2)
    export = order(client, kind="export", model="mine", format="torch")
    measured = until(client, evaluation, "succeeded")
    exported = until(client, export, "succeeded")
    results = [client.get(job["links"]["result"]).content for job in (measured, exported)]
    figures, files = ({*zipfile.ZipFile(BytesIO(result)).namelist()} for result in results)
    assert {"evaluation.json", "index.html"} < figures
    assert files == {"export.json", "plain_to_striped.pt2", "striped_to_plain.pt2"}
    both_ways = [("plain", "striped"), ("striped", "plain")]
    assert [(way["source"], way["target"]) for way in measured["result"]["directions"]] == both_ways
    assert max(way["parity"]["levels"] for way in exported["result"]["directions"]) < 1


def test_a_job_keeps_to_the_version_that_was_in_use_when_it_was_ordered(
    client: Client, data: Path, tiny_bundle: Path
) -> None:
    upload(client, "kept", {"0.png": ellipse((140, 80, 30), 0)})
    before = client.get("/v1/models/tiny").json()["version"]
    first = order(client, kind="translate", dataset="kept", model="tiny", to="zebra", seed=7)
    bundle = load_bundle(tiny_bundle)
    save_bundle(data / "other", bundle.model, bundle.ratios, bundle.card.model_copy(update={"steps": 1}))
    other = Registry(tiny_bundle.parent, data / "models").add(data / "other", "tiny", activate=True).version
    later = order(client, kind="translate", dataset="kept", model="tiny", version=before, to="zebra")
    assert [job["params"]["version"] for job in (first, later)] == [before, before]
    assert client.get("/v1/models/tiny").json()["version"] == other
    client.post(f"{later['links']['self']}/cancel").raise_for_status()
    until(client, first, "succeeded")
    archive = zipfile.ZipFile(BytesIO(client.get(first["links"]["result"]).content))
    said = Image.open(archive.open("0.png")).info
    assert said["SJMVI-Model"] == "tiny"
    assert said["SJMVI-Model-Digest"].startswith(before)


def test_a_recipe_that_is_none_is_told_and_the_old_model_stays(client: Client) -> None:
    """By the training, of what one field asks of another."""
    unfit = {"data.size": 32, "data.load_size": 16}
    job = order(client, kind="train", dataset="pair", model="mine", set=unfit)
    due = monotonic() + 240
    while (shown := client.get(job["links"]["self"]).json())["state"] != "failed":
        assert monotonic() < due
        sleep(0.1)
    assert shown["error"]["type"] == "bad-recipe"
    assert "load_size 16 is smaller" in shown["error"]["detail"]
    assert "mine" in [model["name"] for model in client.get("/v1/models").json()["models"]]
