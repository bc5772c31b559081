"""What a translated file says of itself: how it was made, and nothing of what its upload said."""

from io import BytesIO

import pytest
from httpx import Client, Response
from PIL import ExifTags, Image
from PIL.PngImagePlugin import PngInfo

from app.negotiation import JSON, PICTURES

SECRETS = (b"a camera", b"my house", b"36 deg")


def translate(client: Client, picture: bytes, **parameters: str | int) -> Response:
    query = {"to": "zebra", "seed": 7, "samples": 1, **parameters}
    answer = client.post("/v1/translations", params=query, files={"image": picture})
    assert answer.status_code == 200, answer.text
    return answer


def talkative(file_format: str) -> bytes:
    """A picture with its place, its camera and a note in every block that its format has."""
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "a camera"
    exif[ExifTags.Base.ImageDescription] = "my house"
    place = exif.get_ifd(ExifTags.IFD.GPSInfo)
    place[ExifTags.GPS.GPSLatitudeRef], place[ExifTags.GPS.GPSAreaInformation] = "N", b"36 deg"
    note = PngInfo()
    note.add_text("Comment", "my house")
    note.add_itxt("XML:com.adobe.xmp", "<x>my house, 36 deg</x>")
    buffer = BytesIO()
    Image.new("RGB", (24, 20), "brown").save(
        buffer,
        file_format,
        exif=exif.tobytes(),
        xmp=b"<x>my house, 36 deg</x>",
        comment=b"my house",
        pnginfo=note,
    )
    return buffer.getvalue()


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("given", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF"])
@pytest.mark.parametrize("embed", ["true", "false"])
def test_nothing_that_the_upload_says_of_itself_passes(
    client: Client, given: str, name: str, embed: str
) -> None:
    upload = talkative(given)
    assert all(secret in upload for secret in SECRETS)
    answer = translate(client, upload, format=name, embed_metadata=embed)
    assert not [secret for secret in SECRETS if secret in answer.content]
    assert not dict(Image.open(BytesIO(answer.content)).getexif())


@pytest.mark.parametrize("name", PICTURES)
def test_the_file_says_how_it_was_made_unless_told_not_to(
    client: Client, photograph: bytes, name: str
) -> None:
    told = translate(client, photograph, format=name)
    silent = translate(client, photograph, format=name, embed_metadata="false")
    digest = told.headers["SJMVI-Model-Digest"].encode()
    assert digest in told.content
    assert digest not in silent.content
    assert b"SJMVI" not in silent.content
    pixels = [Image.open(BytesIO(answer.content)).convert("RGB").tobytes() for answer in (told, silent)]
    assert pixels[0] == pixels[1]


@pytest.mark.parametrize("name", PICTURES)
def test_a_repeated_seed_repeats_every_byte(client: Client, photograph: bytes, name: str) -> None:
    first, again = (translate(client, photograph, format=name) for _ in range(2))
    assert first.content == again.content


def test_a_link_tells_the_silent_and_the_telling_apart(client: Client, photograph: bytes) -> None:
    digests = [
        client.post(
            "/v1/translations",
            params={"to": "zebra", "seed": 7, "embed_metadata": embed},
            files={"image": photograph},
            headers={"Accept": JSON},
        ).json()["pictures"][0]["sha256"]
        for embed in ("true", "false", "true")
    ]
    assert digests[0] == digests[2] != digests[1]
