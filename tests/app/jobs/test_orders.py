"""An order that can never be done is refused before it waits for a worker."""

import json
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from httpx import Client

from app.jobs.schemas import MAX_SET_BYTES, TrainRequest

Serve = Callable[..., AbstractContextManager[Client]]
URL = "/v1/jobs"
TRAIN = {"kind": "train", "dataset": "pair", "model": "mine", "recipe": "quick"}
EVALUATE = {"kind": "evaluate", "dataset": "pair", "model": "tiny"}
FIELD = "training.steps"


def refused(client: Client, order: Any) -> str:  # noqa: ANN401 - of JSON, good or bad
    answer = client.post(URL, json=order)
    assert (answer.status_code, answer.json()["type"]) == (422, "bad-parameter"), answer.text
    assert client.get(URL).json()["jobs"] == []
    return str(answer.json()["detail"])


def test_the_values_of_an_order_have_a_size() -> None:
    fits = {FIELD: ["x" * 490] * 100}
    assert TrainRequest.model_validate(TRAIN | {"set": fits}).set == fits


@pytest.mark.parametrize("value", [["x" * 500] * 100, [[0] * 10_000, [0] * 10_000]], ids=["texts", "numbers"])
def test_values_that_are_too_many_are_refused(value: list[object], client: Client) -> None:
    detail = refused(client, TRAIN | {"set": {FIELD: value}})
    assert "train.set" in detail
    assert str(MAX_SET_BYTES) in detail


@pytest.mark.parametrize(
    ("order", "told"),
    [
        (TRAIN | {"recipe": "quik"}, ["'quik'", "cyclegan, horse2zebra, horse2zebra-128, quick"]),
        (TRAIN | {"domains": "horse,horse"}, ["domains", "horse,horse"]),
        (EVALUATE | {"inputs": 1}, ["inputs", "2"]),
        (
            TRAIN | {"set": {FIELD: "abc"}},
            ['set: training.steps should be a whole number of at least 1, not "abc"'],
        ),
        (TRAIN | {"set": {"training.stepz": 3}}, ["training.stepz is no field", "/v1/recipes"]),
        (TRAIN | {"set": {"data.size": 30, FIELD: 0}}, ["data.size should be", "divisible by 4", "not 0"]),
        (EVALUATE | {"classes": {"lion": 1}}, ["classes", "'lion'", "horse and zebra"]),
        (EVALUATE | {"classes": {"horse\0": 1}}, ["classes", "horse and zebra"]),
        (EVALUATE | {"classes": {"x" * 65: 1}}, ["classes", "64"]),
    ],
    ids=["recipe", "domains", "inputs", "value", "field", "both", "class", "nul", "long"],
)
def test_what_can_never_be_done_is_refused_at_once(
    order: dict[str, Any], told: list[str], client: Client
) -> None:
    detail = refused(client, order)
    assert [words for words in told if words not in detail] == []


def test_pictures_are_refused_by_scores_only_where_the_model_has_some(
    serve: Serve, data: Path, one_way_bundle: Path, add_dataset: Callable[..., None]
) -> None:
    add_dataset("photos", "single")
    order = {"kind": "translate", "dataset": "photos", "model": "one-way", "to": "zebra"}
    with serve(data_dir=data, weights_dir=one_way_bundle.parent) as client:
        answer = client.post(URL, json=order | {"refuse_at": 0.05})
        assert (answer.status_code, answer.json()["type"]) == (422, "no-domain-score"), answer.text
        assert "no domain scores of horse" in answer.json()["detail"]
        assert client.get(URL).json()["jobs"] == []
        assert client.post(URL, json=order).status_code == 202


@pytest.mark.parametrize(
    ("order", "detail"),
    [
        ({}, "kind is required: one of train, translate, evaluate, export"),
        ({"kind": "foo"}, "kind should be one of 'train', 'translate', 'evaluate', 'export', not 'foo'"),
        ({"kind": 3}, "kind should be one of 'train', 'translate', 'evaluate', 'export', not '3'"),
        ([], "body should be an object of JSON"),
    ],
    ids=str,
)
def test_an_order_of_no_kind_is_told_which_there_are(order: object, detail: str, client: Client) -> None:
    assert refused(client, order) == detail


def test_of_a_pair_the_domain_is_settled_that_the_model_translates_from(client: Client, data: Path) -> None:
    order = {"kind": "translate", "dataset": "horses", "model": "tiny", "to": "zebra", "format": "png"}
    card = data / "datasets/pair/dataset.json"
    named = json.loads(card.read_text()) | {"name": "horses", "domains": ["horse", "zebra"]}
    shutil.copytree(card.parent, data / "datasets/horses")
    (data / "datasets/horses/dataset.json").write_text(json.dumps(named))
    settled = [client.post(URL, json=order | {"to": to}).json()["params"] for to in ("zebra", "horse")]
    assert [(params["domain"], params["format"]) for params in settled] == [
        ("horse", "png"),
        ("zebra", "png"),
    ]
    other = client.post(URL, json=order | {"dataset": "pair"})
    assert (other.status_code, other.json()["type"]) == (422, "unfit-dataset")
    for words in ("plain and striped", "translates horse to zebra", "kind=single"):
        assert words in other.json()["detail"]


def test_an_order_that_comes_again_brings_its_job_though_the_dataset_is_gone(client: Client) -> None:
    key, order = (
        {"Idempotency-Key": "k"},
        {"kind": "translate", "dataset": "photos", "model": "tiny", "to": "zebra"},
    )
    first = client.post(URL, json=order, headers=key).json()
    client.post(f"{first['links']['self']}/cancel")
    assert client.delete("/v1/datasets/photos").status_code == 204
    again = client.post(URL, json=order, headers=key)
    assert (again.status_code, again.json().get("id")) == (202, first["id"])
    other = client.post(URL, json=order | {"to": "horse"}, headers=key)
    assert other.json()["type"] == "idempotency-key-reuse"
