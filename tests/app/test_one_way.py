"""A bundle of one direction, served: it says so everywhere, and refuses the other one."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from io import BytesIO
from pathlib import Path

import pytest
from httpx import Client
from PIL import Image

URL = "/v1/translations"
Serve = Callable[..., AbstractContextManager[Client]]


@pytest.fixture(scope="module")
def client(serve: Serve, one_way_bundle: Path) -> Iterator[Client]:
    with serve(weights_dir=one_way_bundle.parent) as client:
        yield client


def test_its_direction_is_listed(client: Client) -> None:
    (listed,) = client.get("/v1/models").json()["models"]
    assert listed["domains"] == ["horse", "zebra"]
    assert listed["directions"] == [{"source": "horse", "to": "zebra"}]


def test_it_translates_and_every_sample_is_the_same(client: Client, photograph: bytes) -> None:
    query = {"to": "zebra", "samples": "2", "format": "png"}
    answer = client.post(
        URL, params=query, files={"image": photograph}, headers={"Accept": "application/json"}
    ).json()
    assert answer["direction"] == {"source": "horse", "to": "zebra"}
    first, second = (picture["sha256"] for picture in answer["pictures"])
    pixels = [Image.open(BytesIO(_bytes(client, photograph, seed))).tobytes() for seed in (1, 2)]
    assert first != second  # in their text alone, which numbers them
    assert pixels[0] == pixels[1]


def _bytes(client: Client, photograph: bytes, seed: int) -> bytes:
    answer = client.post(URL, params={"to": "zebra", "seed": seed}, files={"image": photograph})
    assert answer.headers["SJMVI-Direction"] == "horse -> zebra"
    return answer.content


def test_the_other_direction_is_a_problem_of_the_request(client: Client, photograph: bytes) -> None:
    answer = client.post(URL, params={"to": "horse"}, files={"image": photograph})
    assert answer.status_code == 422
    assert answer.json()["type"] == "bad-parameter"
    assert answer.json()["detail"] == "this model translates horse to zebra, not the other way"


def test_the_page_offers_its_direction_alone(client: Client) -> None:
    page = client.get("/").text
    assert "<title>horse → zebra · SJMVI</title>" in page
    assert page.count('name="to"') == 1
    assert 'value="zebra" checked' in page
