import zipfile
from hashlib import sha256
from io import BytesIO

import numpy as np
import pytest
from httpx import Client, Response
from PIL import Image

from app.negotiation import JSON, PICTURES, ZIP

URL = "/v1/translations"
HEADERS = {"Content-Type": "image/*"}


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
    linked = [client.get(row["url"]) for row in post(client, photograph, JSON, samples=3).json()["pictures"]]
    assert [picture.content for picture in linked] == zipped
    assert len(set(zipped)) == 3


def test_json_says_what_was_done_and_what_the_links_lead_to(client: Client, photograph: bytes) -> None:
    answer = post(client, photograph, JSON, samples=2, format="webp", temperature=0.5)
    body = answer.json()
    pictures, spread = body.pop("pictures"), body.pop("spread")
    digest = answer.headers["SJMVI-Model-Digest"]
    assert body == {
        **{"model": "tiny", "version": digest[:16], "digest": digest, "seed": 7, "temperature": 0.5},
        **{"direction": {"source": "horse", "to": "zebra"}, "working_size": [45, 32], "frame": None},
        **{"padded_batch": 2, "domain_score": 1 / 25},
    }
    for index, row in enumerate(pictures):
        content = client.get(row["url"]).content
        digest = sha256(content).hexdigest()
        assert row == {
            **{"index": index, "url": f"/v1/results/{digest}", "sha256": digest},
            **{"media_type": "image/webp", "size": [61, 43], "bytes": len(content)},
        }
    content = client.get(spread["url"]).content
    assert spread["sha256"] == sha256(content).hexdigest()
    with Image.open(BytesIO(content)) as found:
        assert (found.format, found.mode, list(found.size)) == ("PNG", "L", spread["size"])
        assert np.asarray(found).mean() == pytest.approx(2 * spread["mean"], abs=0.3)
    assert float(answer.headers["SJMVI-Spread"]) == pytest.approx(spread["mean"], abs=1e-3)


def test_a_single_sample_has_no_spread(client: Client, photograph: bytes) -> None:
    answer = post(client, photograph, JSON)
    assert answer.json()["spread"] is None
    assert "SJMVI-Spread" not in answer.headers


ACCEPTED = {  # by the header, for one sample and for two
    "*/*": ("image/png", ZIP),
    JSON: (JSON, JSON),
    "image/*, application/json;q=0.5": ("image/png", JSON),
    "application/*": (JSON, ZIP),
    "application/json;q=0.3, application/zip;q=0.8, image/png;q=0.1": (ZIP, ZIP),
    "application/zip;q=0, */*;q=0.1": ("image/png", JSON),
    "image/webp;q=nan, application/json;q=0.1": (JSON, JSON),
    "image/webp;q=7, application/json": (JSON, JSON),
}


@pytest.mark.parametrize("accept", ACCEPTED)
def test_the_best_liked_type_answers(client: Client, photograph: bytes, accept: str) -> None:
    for samples, media_type in enumerate(ACCEPTED[accept], start=1):
        answer = post(client, photograph, accept, samples=samples)
        assert answer.headers["Content-Type"] == media_type


def test_an_accept_header_in_several_lines_is_one_list(client: Client, photograph: bytes) -> None:
    lines = [("Accept", "image/png;q=0.1"), ("Accept", JSON), ("Content-Type", "image/jpeg")]
    answer = client.post(URL, params={"to": "zebra"}, content=photograph, headers=lines)
    assert answer.headers["Content-Type"] == JSON


def test_a_form_is_answered_with_links_as_well(client: Client, photograph: bytes) -> None:
    fields = {"to": "zebra", "seed": "7"}
    form = client.post(URL, data=fields, files={"image": photograph}, headers={"Accept": JSON})
    assert form.json() == post(client, photograph, JSON).json()


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
    assert headers["SJMVI-Working-Size"] == "45x32"
    assert headers["SJMVI-Padded-Batch"] == "4"
    assert headers["SJMVI-Domain-Score"] == "0.0400"  # the held-out pictures are noise: none is so odd
    assert headers["SJMVI-Request-Id"] == "mine-1"
    stages = [stage.partition(";")[0] for stage in headers["Server-Timing"].split(", ")]
    assert stages == ["decode", "queue", "infer", "encode"]


def test_the_domain_score_is_of_the_upload_whatever_is_made_of_it(
    client: Client, photograph: bytes, noise: bytes
) -> None:
    def scores(picture: bytes, **parameters: object) -> set[str]:
        return {
            post(client, picture, seed=seed, **parameters).headers["SJMVI-Domain-Score"] for seed in (1, 2)
        }

    assert scores(photograph) == scores(photograph, size="native", samples=16) == {"0.0400"}
    (score,) = scores(noise)
    assert float(score) > 0.04


def test_a_picture_that_is_unlike_its_domain_is_refused_on_request(
    client: Client, photograph: bytes, noise: bytes
) -> None:
    def answered(picture: bytes, score: float) -> Response:
        return client.post(URL, params={"to": "zebra", "refuse_at": score}, content=picture, headers=HEADERS)

    refused = answered(photograph, 0.04)
    assert (refused.status_code, refused.json()["type"]) == (422, "unlike-domain")
    assert refused.json()["detail"] == "unlike horse: domain score 0.04, refused at 0.04"
    assert answered(photograph, 0.039).status_code == answered(noise, 0.04).status_code == 200


def test_content_wins_over_the_declared_type_with_a_warning(client: Client, photograph: bytes) -> None:
    answer = client.post(f"{URL}?to=zebra", content=photograph, headers={"Content-Type": "image/png"})
    assert answer.status_code == 200
    assert answer.headers["SJMVI-Warning"] == "declared image/png, found image/jpeg"
    assert "SJMVI-Warning" not in post(client, photograph).headers


DECLARED = {  # of a part, which may hold anything
    "image/jpeg; charset=binary": None,
    "IMAGE/JPEG": None,
    "IMAGE/GIF": "declared image/gif, found image/jpeg",
    "image/x\x01y": None,
    "image/x y": None,
}


@pytest.mark.parametrize(("declared", "warning"), DECLARED.items())
def test_a_part_is_declared_by_what_is_a_media_type(
    client: Client, photograph: bytes, declared: str, warning: str | None
) -> None:
    fields = f'Content-Disposition: form-data; name="image"; filename="a"\r\nContent-Type: {declared}\r\n'
    answer = client.post(
        f"{URL}?to=zebra",
        content=f"--b\r\n{fields}\r\n".encode() + photograph + b"\r\n--b--\r\n",
        headers={"Content-Type": "multipart/form-data; boundary=b"},
    )
    assert answer.status_code == 200, answer.text
    assert answer.headers.get("SJMVI-Warning") == warning


def test_one_frame_of_an_animation_can_be_named(client: Client, animation: bytes) -> None:
    assert opened(post(client, animation, frame=1)).size == (16, 16)


def test_alpha_comes_back(client: Client) -> None:
    picture = Image.new("RGBA", (20, 16), (200, 100, 50, 0))
    picture.paste((10, 20, 30, 255), (4, 4, 12, 12))
    buffer = BytesIO()
    picture.save(buffer, "PNG")
    answer = opened(post(client, buffer.getvalue()))
    assert answer.getchannel("A").tobytes() == picture.getchannel("A").tobytes()
