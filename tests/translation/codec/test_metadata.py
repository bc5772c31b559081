from collections.abc import Mapping
from io import BytesIO
from xml.etree import ElementTree

import pytest
from PIL import Image

from translation.codec import FORMATS, decode, encode

TEXT = {
    "Software": "SJMVI 1",
    "SJMVI-Model-Digest": "6f",
    "SJMVI-Direction": 'horse -> "\N{ZEBRA FACE}" & <co>',
}
PROPERTIES = {
    "{http://ns.adobe.com/xap/1.0/}CreatorTool": "SJMVI 1",
    "{urn:sjmvi:receipt#}ModelDigest": "6f",
    "{urn:sjmvi:receipt#}Direction": 'horse -> "\N{ZEBRA FACE}" & <co>',
}


def packet(data: bytes) -> Mapping[str, str]:
    (description,) = ElementTree.fromstring(Image.open(BytesIO(data)).info["xmp"]).iter(
        "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}Description"
    )
    return {name: value for name, value in description.attrib.items() if not name.endswith("about")}


def test_a_png_has_text_chunks(picture: Image.Image) -> None:
    assert Image.open(BytesIO(encode(picture, "PNG", text=TEXT))).text == TEXT


@pytest.mark.parametrize("format", ["JPEG", "WEBP", "AVIF"])
def test_other_formats_have_an_xmp_packet(picture: Image.Image, format: str) -> None:
    assert packet(encode(picture, format, text=TEXT)) == PROPERTIES


@pytest.mark.parametrize("format", FORMATS)
def test_text_changes_no_pixel_and_is_the_same_each_time(picture: Image.Image, format: str) -> None:
    silent, told = encode(picture, format), encode(picture, format, text=TEXT)
    assert told == encode(picture, format, text=TEXT)
    assert decode(told).image.tobytes() == decode(silent).image.tobytes()
    assert b"sjmvi" not in silent.lower()
