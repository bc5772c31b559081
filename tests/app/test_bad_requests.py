"""What is wrong with a request is said in one form, problem+json, and by a slug that stays."""

import socket
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from io import BytesIO
from time import monotonic, sleep
from typing import Any

import pytest
from httpx import Client, Response
from PIL import Image

Serve = Callable[..., AbstractContextManager[Client]]
URL = "/v1/translations"


def picture(width: int, height: int, mode: str = "RGB", file_format: str = "PNG") -> bytes:
    buffer = BytesIO()
    Image.new(mode, (width, height)).save(buffer, file_format)
    return buffer.getvalue()


def animation() -> bytes:
    buffer = BytesIO()
    first, *others = (Image.new("L", (16, 16), level) for level in (0, 100, 200))
    first.save(buffer, "GIF", save_all=True, append_images=others)
    return buffer.getvalue()


def claiming(side: int) -> bytes:
    """A PNG of a few bytes whose header promises side x side pixels."""
    header = b"IHDR" + struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    return b"\x89PNG\r\n\x1a\n" + chunk + b"\0\0\0\0IDAT" + struct.pack(">I", zlib.crc32(b"IDAT"))


GOOD = picture(24, 24)
BAD_PICTURES = {
    "empty": (b"", 422, "empty-image"),
    "one-byte": (b"x", 415, "unsupported-image-format"),
    "html": (b"<!doctype html><p>hello", 415, "unsupported-image-format"),
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415, "unsupported-image-format"),
    "zip": (b"PK\x03\x04" + bytes(40), 415, "unsupported-image-format"),
    "signature-only": (GOOD[:8], 415, "unsupported-image-format"),
    "half": (picture(300, 300, file_format="BMP")[:5000], 422, "corrupt-image"),
    "bomb": (claiming(60_000), 413, "image-too-large"),
    "warned-of-only": (claiming(9_000), 413, "image-too-large"),
    "animated": (animation(), 422, "animated-image"),
    "small": (picture(1, 1), 422, "image-too-small"),
    "long": (picture(8, 8 * 33), 422, "bad-aspect-ratio"),
}
BAD_PARAMETERS = [
    *("", "to=cow", "to=zebra&to=horse", "to=zebra&colour=red", "to=zebra&format=bmp"),
    *(f"to=zebra&seed={seed}" for seed in ("-1", "1.5", "abc", 2**63, 10**26)),
    *(f"to=zebra&samples={samples}" for samples in (0, 17, 1000)),
    *(f"to=zebra&temperature={temperature}" for temperature in ("-1", "3", "nan", "inf")),
    *(f"to=zebra&refuse_at={score}" for score in ("-0.1", "1.1", "nan")),
    *(f"to=zebra&size={size}" for size in (7, 2049, -1, "huge")),
]
PNG = {"Content-Type": "image/png"}


def assert_problem(answer: Response, status: int, slug: str) -> dict[str, Any]:
    body = answer.json()
    assert (answer.status_code, body["type"], body["status"]) == (status, slug, status), body
    assert answer.headers["content-type"] == "application/problem+json"
    assert body["instance"] == answer.headers["SJMVI-Request-Id"]
    assert body["title"]
    assert body["detail"]
    return body


@pytest.mark.parametrize(("data", "status", "slug"), BAD_PICTURES.values(), ids=BAD_PICTURES)
def test_a_bad_picture_is_refused(client: Client, data: bytes, status: int, slug: str) -> None:
    raw = client.post(URL, params={"to": "zebra"}, content=data, headers=PNG)
    assert_problem(raw, status, slug)
    form = client.post(URL, data={"to": "zebra"}, files={"image": ("a.png", data)})
    assert_problem(form, status, slug)


@pytest.mark.parametrize("query", BAD_PARAMETERS)
def test_a_bad_parameter_is_refused(client: Client, query: str) -> None:
    answer = client.post(f"{URL}?{query}", content=GOOD, headers=PNG)
    assert_problem(answer, 422, "bad-parameter")


def test_a_bad_parameter_is_named_with_what_is_allowed(client: Client) -> None:
    for size, said in ((7, "greater than or equal to 8"), (2049, "less than or equal to 2048")):
        answer = client.post(URL, params={"to": "zebra", "size": size}, content=GOOD, headers=PNG)
        faults = assert_problem(answer, 422, "bad-parameter")["errors"]
        assert {fault["parameter"] for fault in faults} == {"size"}
        assert said in answer.json()["detail"]


@pytest.mark.parametrize(
    ("query", "headers", "detail"),
    [
        ("size=4000", {}, "size should be less than or equal to 2048 or 'native'"),
        ("size=huge", {}, "size should be a valid integer or 'native'"),
        ("seed=abc", {}, "seed should be a valid integer"),
        ("", {"SJMVI-Timeout-Ms": "abc"}, "SJMVI-Timeout-Ms should be a valid integer"),
        ("", {"SJMVI-Timeout-Ms": "0"}, "SJMVI-Timeout-Ms should be greater than or equal to 1"),
    ],
)
def test_a_bad_value_is_told_once_in_words(
    query: str, headers: dict[str, str], detail: str, client: Client
) -> None:
    answer = client.post(f"{URL}?to=zebra&{query}", content=GOOD, headers=PNG | headers)
    assert assert_problem(answer, 422, "bad-parameter")["detail"] == detail


@pytest.mark.parametrize("name", ["../../x", "%2e%2e/", "x" * 300, "absent", "Tiny"])
def test_a_model_that_is_not_there_is_unknown(client: Client, name: str) -> None:
    answer = client.post(URL, params={"to": "zebra", "model": name}, content=GOOD, headers=PNG)
    assert_problem(answer, 404, "unknown-model")
    if "/" not in name:
        assert_problem(client.get(f"/v1/models/{name}"), 404, "unknown-model")


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/json", "application/x-www-form-urlencoded", ""]
)
def test_a_body_that_is_declared_no_picture_is_not_read_as_one(client: Client, media_type: str) -> None:
    answer = client.post(URL, params={"to": "zebra"}, content=GOOD, headers={"Content-Type": media_type})
    assert_problem(answer, 415, "unsupported-media-type")


@pytest.mark.parametrize("accept", ["video/mp4", "image/png;q=0", "text/html"])
def test_what_cannot_be_answered_is_not_acceptable(client: Client, accept: str) -> None:
    headers = {"Content-Type": "image/png", "Accept": accept}
    body = assert_problem(
        client.post(URL, params={"to": "zebra"}, content=GOOD, headers=headers), 406, "not-acceptable"
    )
    assert "image/webp" in str(body["detail"])


def test_several_samples_do_not_fit_in_one_picture(client: Client) -> None:
    headers = {**PNG, "Accept": "image/png"}
    answer = client.post(URL, params={"to": "zebra", "samples": 2}, content=GOOD, headers=headers)
    assert_problem(answer, 406, "not-acceptable")


def part(name: str, content: bytes, file_name: str | None = None) -> bytes:
    file = f'; filename="{file_name}"' if file_name else ""
    return f'--b\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'.encode() + content + b"\r\n"


END = b"--b--\r\n"
FORM = "multipart/form-data; boundary=b"
BAD_FORMS = {
    "no-boundary": ("multipart/form-data", part("image", GOOD, "a.png") + END, 400, "malformed-multipart"),
    "cut": (FORM, part("image", GOOD, "a.png")[:60], 422, "missing-field"),
    "no-file": (FORM, part("to", b"zebra") + END, 422, "missing-field"),
    "text-for-a-file": (FORM, part("image", b"a.png") + END, 422, "missing-field"),
    "two-files": (FORM, 2 * part("image", GOOD, "a.png") + END, 400, "too-many-files"),
    "many-fields": (FORM, b"".join(part(f"f{n}", b"1") for n in range(20)) + END, 400, "too-many-fields"),
    "long-field": (FORM, part("to", b"z" * 5000) + END, 400, "part-too-large"),
}


@pytest.mark.parametrize(("media_type", "body", "status", "slug"), BAD_FORMS.values(), ids=BAD_FORMS)
def test_a_bad_form_is_refused(client: Client, media_type: str, body: bytes, status: int, slug: str) -> None:
    assert_problem(client.post(URL, content=body, headers={"Content-Type": media_type}), status, slug)


JSON = "application/json"
ENDPOINTS = {"picture": (URL, "image/png"), "form": (URL, FORM), "job": ("/v1/jobs", JSON)}


@pytest.mark.parametrize(("path", "media_type"), ENDPOINTS.values(), ids=ENDPOINTS)
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_the_limit_is_cut(client: Client, path: str, media_type: str, chunked: bool) -> None:
    def chunks() -> Iterator[bytes]:
        yield part("image", b"", "a.png")[:-2]
        yield from (bytes(1_000_000) for _ in range(21))

    content = chunks() if chunked else bytes(20_000_001)
    answer = client.post(path, params={"to": "zebra"}, content=content, headers={"Content-Type": media_type})
    body = assert_problem(answer, 413, "body-too-large")
    assert body["limit"] == 20_000_000 < body["got"]


def connected(client: Client) -> socket.socket:
    return socket.create_connection((client.base_url.host, client.base_url.port or 80), timeout=20)


def head(path: str, media_type: str, length: int) -> bytes:
    fields = f"Host: localhost\r\nContent-Type: {media_type}\r\nContent-Length: {length}\r\n"
    return f"POST {path} HTTP/1.1\r\n{fields}\r\n".encode()


@pytest.mark.parametrize("path", ["/v1/datasets?name=ellipses", "/v1/models/mine/versions"])
def test_a_body_that_is_declared_too_large_is_refused_before_the_disk_is_asked(
    client: Client, path: str
) -> None:
    with connected(client) as sender:
        sender.sendall(head(path, "application/zip", 10**13))
        assert sender.recv(100).startswith(b"HTTP/1.1 413")


def test_who_leaves_before_the_body_is_whole_is_noted_as_gone(serve: Serve) -> None:
    with serve(warm=False) as client:
        with connected(client) as leaver:
            leaver.sendall(head("/v1/jobs", JSON, 9) + b"{")
        due = monotonic() + 100
        while 'method="POST",route="/v1/jobs"' not in (told := client.get("/metrics").text):
            assert monotonic() < due
            sleep(0.05)
        assert 'route="/v1/jobs",status="499"' in told


def test_the_frameworks_own_errors_have_the_same_form(client: Client) -> None:
    assert_problem(client.get("/nothing/here"), 404, "not-found")
    assert_problem(client.get("/static/nothing.css"), 404, "not-found")
    wrong = client.delete(URL)
    assert_problem(wrong, 405, "method-not-allowed")
    assert wrong.headers["Allow"] == "POST"


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        *((path, "GET, HEAD") for path in ("/", "/livez", "/v1", "/v1/models", "/openapi.json")),
        ("/v1/models/tiny", "GET, HEAD, DELETE"),
        ("/static/page.css", "GET, HEAD"),
        (URL, "POST"),
    ],
)
def test_a_wrong_method_is_told_which_are_right(client: Client, path: str, allowed: str) -> None:
    for method, headers in (("PATCH", {}), ("OPTIONS", {"Origin": "https://example.org"})):
        wrong = client.request(method, path, headers=headers)
        assert_problem(wrong, 405, "method-not-allowed")
        assert wrong.headers["Allow"] == allowed
        assert not [name for name in wrong.headers if name.startswith("access-control")]
