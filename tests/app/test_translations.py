import base64
import zipfile
from io import BytesIO

import pytest
from httpx import Client, Response
from PIL import Image

from app.negotiation import PICTURES

URL = "/v1/translations"
JSON = "application/json"


def post(client: Client, picture: bytes, accept: str = "*/*", **parameters: str | float) -> Response:
    headers = {"Content-Type": "image/jpeg", "Accept": accept, "SJMVI-Request-Id": "mine-1"}
    query = {"to": "zebra", "seed": 7, **parameters}
    answer = client.post(URL, params=query, content=picture, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer


def opened(answer: Response) -> Image.Image:
    return Image.open(BytesIO(answer.content))


@pytest.mark.parametrize("to", ["horse", "zebra"])
def test_both_directions_return_the_pictures_own_size(client: Client, photograph: bytes, to: str) -> None:
    assert opened(post(client, photograph, to=to)).size == (61, 43)


def test_a_raw_body_and_a_form_are_translated_alike(client: Client, photograph: bytes) -> None:
    fields = {"to": "zebra", "seed": "7", "model": ""}  # a browser sends what was left empty
    form = client.post(URL, data=fields, files={"image": ("../x\0.jpg", photograph)})
    assert form.content == post(client, photograph).content


def test_the_seed_that_was_drawn_brings_the_picture_back(client: Client, photograph: bytes) -> None:
    first = post(client, photograph, seed="")
    again = post(client, photograph, seed=first.headers["SJMVI-Seed"])
    other = post(client, photograph, seed="")
    assert first.content == again.content != other.content


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_type_can_be_accepted_or_named(client: Client, photograph: bytes, name: str) -> None:
    for answer in (post(client, photograph, accept=PICTURES[name]), post(client, photograph, format=name)):
        assert answer.headers["Content-Type"] == PICTURES[name]
        assert opened(answer).get_format_mimetype() == PICTURES[name]


def test_a_browsers_accept_header_gets_a_picture(client: Client, photograph: bytes) -> None:
    accept = "text/html,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
    assert post(client, photograph, accept).headers["Content-Type"] == "image/webp"
    assert post(client, photograph, accept, format="png").headers["Content-Type"] == "image/png"


def test_samples_are_the_same_in_a_zip_and_in_json(client: Client, photograph: bytes) -> None:
    archive = zipfile.ZipFile(BytesIO(post(client, photograph, samples=3).content))
    zipped = [archive.read(name) for name in archive.namelist()]
    answer = post(client, photograph, JSON, samples=3).json()
    assert [base64.b64decode(row["url"].partition(",")[2]) for row in answer["pictures"]] == zipped
    assert (answer["seed"], answer["to"], answer["model"], answer["size"]) == (7, "zebra", "tiny", [61, 43])
    assert len(set(zipped)) == 3


def test_temperature_zero_gives_the_mean_whatever_the_seed(client: Client, photograph: bytes) -> None:
    means = [opened(post(client, photograph, temperature=0, seed=seed)).tobytes() for seed in (1, 2)]
    assert means[0] == means[1]


@pytest.mark.parametrize("size", ["16", "native"])
def test_the_model_works_at_another_size_on_request(client: Client, photograph: bytes, size: str) -> None:
    answer = post(client, photograph, size=size)
    assert opened(answer).size == (61, 43)
    assert answer.content != post(client, photograph).content


def test_the_headers_are_a_receipt(client: Client, photograph: bytes) -> None:
    headers = post(client, photograph, seed=2**63 - 1, samples=3).headers
    assert headers["SJMVI-Model"] == "tiny"
    assert headers["SJMVI-Model-Digest"] == client.get("/v1/models/tiny").json()["digest"]
    assert headers["SJMVI-Direction"] == "horse -> zebra"
    assert headers["SJMVI-Seed"] == str(2**63 - 1)
    assert headers["SJMVI-Padded-Batch"] == "4"
    assert headers["SJMVI-Request-Id"] == "mine-1"
    stages = [stage.partition(";")[0] for stage in headers["Server-Timing"].split(", ")]
    assert stages == ["decode", "queue", "infer", "encode"]


def test_content_wins_over_the_declared_type_with_a_warning(client: Client, photograph: bytes) -> None:
    answer = client.post(f"{URL}?to=zebra", content=photograph, headers={"Content-Type": "image/png"})
    assert answer.status_code == 200
    assert answer.headers["SJMVI-Warning"] == "declared image/png, found image/jpeg"
    assert "SJMVI-Warning" not in post(client, photograph).headers


def test_one_frame_of_an_animation_can_be_named(client: Client, animation: bytes) -> None:
    assert opened(post(client, animation, frame=1)).size == (16, 16)


def test_alpha_comes_back(client: Client) -> None:
    picture = Image.new("RGBA", (20, 16), (200, 100, 50, 0))
    picture.paste((10, 20, 30, 255), (4, 4, 12, 12))
    buffer = BytesIO()
    picture.save(buffer, "PNG")
    answer = opened(post(client, buffer.getvalue()))
    assert answer.getchannel("A").tobytes() == picture.getchannel("A").tobytes()
