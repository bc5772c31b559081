"""/v1/datasets: uploaded, listed, shown, deleted; and what is left of an upload that fails: nothing."""

import socket
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from io import BytesIO
from pathlib import Path
from time import monotonic, sleep

import pytest
from httpx import Client, Response
from PIL import Image

from app.archives import places
from app.datasets import doctor
from app.datasets.store import Staged

URL = "/v1/datasets"
ZIP = {"Content-Type": "application/zip"}
FORM = {"Content-Type": "multipart/form-data; boundary=b"}
DOCTOR = """
import json, pathlib, sys
folders = []
for each in map(pathlib.Path, sys.argv[1:]):
    files = sorted(file for file in each.rglob("*") if file.is_file())
    bad = [{"file": file.name} for file in files if file.read_bytes() == b"bad"]
    if files:
        lost = {"count": len(bad), "files": bad}
        split = "single" if "--single" in sys.argv else "train"
        told = {"folder": each.name, "split": split, "pictures": len(files) - len(bad), "unreadable": lost}
        folders.append(told)
print(json.dumps({"usable": True, "folders": folders, "findings": []}))
"""


def png() -> bytes:
    buffer = BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "PNG")
    return buffer.getvalue()


def zipped(*names: str, data: bytes = png()) -> bytes:  # noqa: B008 - bytes never change
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, data)
    return buffer.getvalue()


PAIR = zipped("w/plain/1.png", "w/plain/2.png", "w/striped/1.png", "w/striped/2.png", "w/.x")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def client(serve: Callable[..., AbstractContextManager[Client]], data: Path) -> Iterator[Client]:
    """With a doctor that takes no time."""
    limits = {"max_dataset_upload_bytes": 200_000, "max_datasets_bytes": 100_000, "body_timeout_s": 20}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(doctor, "COMMAND", (sys.executable, "-S", "-c", DOCTOR))
        with serve(warm=False, data_dir=data, **limits) as client:
            yield client


@pytest.fixture(autouse=True)
def _nothing_left(client: Client, data: Path) -> Iterator[None]:
    """Of any upload, good or bad, once it has ended."""
    yield
    until_nothing_is_under_way(data)
    for dataset in client.get(URL).json()["datasets"]:
        assert client.delete(f"{URL}/{dataset['name']}").status_code == 204
    assert {path.name for path in data.glob("datasets/*")} <= {".lock"}


def until_nothing_is_under_way(data: Path) -> None:
    due = monotonic() + 100
    while list(data.glob("datasets/.partial-*")):
        assert monotonic() < due
        sleep(0.02)


def upload(client: Client, archive: bytes, query: str = "name=some") -> Response:
    return client.post(f"{URL}?{query}", content=archive, headers=ZIP)


def assert_problem(answer: Response, status: int, slug: str) -> dict[str, object]:
    body: dict[str, object] = answer.json()
    assert (answer.status_code, body["type"]) == (status, slug), body
    assert answer.headers["content-type"] == "application/problem+json"
    return body


def test_a_dataset_is_uploaded_shown_listed_and_deleted(client: Client, data: Path) -> None:
    answer = upload(client, PAIR)
    assert (answer.status_code, answer.headers["Location"]) == (201, f"{URL}/some")
    dataset = answer.json()
    assert (dataset["kind"], dataset["domains"], dataset["pictures"]) == ("pair", ["plain", "striped"], 4)
    assert dataset["bytes"] == 4 * len(png())
    assert dataset["skipped"] == {"count": 1, "files": [{"file": "w/.x", "reason": "hidden"}]}
    assert [folder["pictures"] for folder in dataset["report"]["folders"]] == [2, 2]
    assert (data / "datasets/some/pictures/striped/2.png").read_bytes() == png()
    assert client.get(answer.headers["Location"]).json() == dataset
    (listed,) = client.get(URL).json()["datasets"]
    assert listed == {name: dataset[name] for name in listed}
    deleted = client.delete(f"{URL}/some")
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert_problem(client.get(f"{URL}/some"), 404, "unknown-dataset")
    assert_problem(client.delete(f"{URL}/some"), 404, "unknown-dataset")


def test_a_form_may_have_the_parameters_as_fields(client: Client) -> None:
    fields = {"name": "form", "domains": "horse,zebra"}
    answer = client.post(f"{URL}?name=query", data=fields, files={"file": ("../x.zip", PAIR)})
    assert (answer.status_code, answer.json()["name"]) == (201, "form"), answer.text
    assert answer.json()["domains"] == ["horse", "zebra"]
    alone = client.post(f"{URL}?name=query", files={"archive": ("x.zip", zipped("1.png"))})
    assert (alone.status_code, alone.json()["kind"]) == (201, "single")


def test_the_list_goes_on_where_the_page_before_ended(client: Client) -> None:
    for name in "cab":
        assert upload(client, zipped("1.png"), f"name={name}").status_code == 201
    first = client.get(URL, params={"limit": 2}).json()
    second = client.get(URL, params={"limit": 2, "cursor": first["next_cursor"]}).json()
    assert [each["name"] for each in first["datasets"] + second["datasets"]] == ["a", "b", "c"]
    assert second["next_cursor"] is None
    for query in ("limit=0", "limit=201", "cursor=../a"):
        assert_problem(client.get(f"{URL}?{query}"), 422, "bad-parameter")


@pytest.mark.parametrize(
    "query", ["", *(f"name={name}" for name in ("A", ".a", "../a", "a/b", "a%00", "a" * 65, "-a", "é"))]
)
def test_a_name_is_of_few_letters(client: Client, query: str) -> None:
    assert_problem(upload(client, PAIR, query), 422, "bad-parameter")


@pytest.mark.parametrize("query", ["domains=a", "domains=A,b", "kind=triple", "colour=red", "name=b"])
def test_a_bad_parameter_is_refused(client: Client, query: str) -> None:
    assert_problem(upload(client, PAIR, f"name=a&{query}"), 422, "bad-parameter")


@pytest.mark.parametrize(
    ("archive", "status", "slug"),
    [
        (PAIR[:-9], 422, "corrupt-archive"),
        (zipped("../1.png"), 422, "unsafe-archive-path"),
        (zipped("1.png", "1.PNG"), 422, "duplicate-entry"),
        (zipped("a\n.png"), 422, "bad-name"),
        (zipped("a.txt"), 422, "bad-dataset"),
        (zipped("trainA/1.png", "trainB/1.png"), 422, "bad-dataset"),
        (bytes(200_001), 413, "body-too-large"),
        (zipped("1.png", data=bytes(100_001)), 507, "quota-exceeded"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_bad_archive_leaves_nothing(client: Client, archive: bytes, status: int, slug: str) -> None:
    assert_problem(upload(client, archive), status, slug)
    assert_problem(client.post(f"{URL}?name=some", files={"file": ("a.zip", archive)}), status, slug)
    assert client.get(URL).json()["datasets"] == []


def test_pictures_none_of_which_can_be_read_are_refused_and_named(client: Client) -> None:
    body = assert_problem(upload(client, zipped("1.png", data=b"bad")), 422, "corrupt-pictures")
    assert body["files"] == ["1.png"]


def test_a_taken_name_is_a_conflict(client: Client) -> None:
    assert upload(client, PAIR).status_code == 201
    assert_problem(upload(client, PAIR), 409, "name-taken")
    assert_problem(client.post(URL, data={"name": "some"}, files={"file": PAIR}), 409, "name-taken")


def part(name: str, content: bytes, file: str = "") -> bytes:
    return f'--b\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'.encode() + content + b"\r\n"


FILE, END = part("file", PAIR, '; filename="a.zip"'), b"--b--\r\n"


@pytest.mark.parametrize(
    ("headers", "body", "status", "slug"),
    [
        ({"Content-Type": "multipart/form-data"}, FILE + END, 400, "malformed-multipart"),
        (FORM, FILE, 400, "malformed-multipart"),
        (FORM, b"no form", 400, "malformed-multipart"),
        (FORM, part("name", b"a") + END, 422, "missing-field"),
        (FORM, FILE + FILE + END, 400, "too-many-files"),
        (FORM, part("name", b"a" * 5000) + FILE + END, 400, "part-too-large"),
        (FORM, b"".join(part(f"f{index}", b"1") for index in range(20)) + FILE + END, 400, "too-many-fields"),
        (FORM, 2 * part("name", b"a") + FILE + END, 422, "bad-parameter"),
        ({"Content-Type": "application/json"}, b"{}", 415, "unsupported-media-type"),
        ({}, PAIR, 415, "unsupported-media-type"),
    ],
)
def test_a_bad_form_leaves_nothing(
    client: Client, headers: dict[str, str], body: bytes, status: int, slug: str
) -> None:
    assert_problem(client.post(f"{URL}?name=some", content=body, headers=headers), status, slug)


def test_a_client_that_leaves_in_mid_upload_leaves_nothing(client: Client, data: Path) -> None:
    with socket.create_connection((client.base_url.host, client.base_url.port)) as connection:
        head = f"POST {URL}?name=some HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/zip\r\n"
        connection.sendall(f"{head}Content-Length: {len(PAIR)}\r\n\r\n".encode() + PAIR[:100])
        due = monotonic() + 100
        while not list(data.glob("datasets/.partial-*")):
            assert monotonic() < due
            sleep(0.005)
    until_nothing_is_under_way(data)
    assert client.get(URL).json()["datasets"] == []


def test_an_upload_has_a_time_limit_of_its_own(
    serve: Callable[..., AbstractContextManager[Client]], tmp_path: Path
) -> None:
    def slowly() -> Iterator[bytes]:
        yield PAIR[:100]
        sleep(1)
        yield PAIR[100:]

    with serve(warm=False, data_dir=tmp_path, body_timeout_s=20, dataset_upload_timeout_s=0.5) as hurried:
        answer = hurried.post(f"{URL}?name=some", content=slowly(), headers=ZIP)
        assert assert_problem(answer, 408, "body-timeout")["limit"] == 0.5
    until_nothing_is_under_way(tmp_path)


def test_a_full_disk_is_told(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Staged, "archive", Path("/dev/full"))
    assert_problem(upload(client, PAIR), 507, "out-of-space")


def test_no_more_than_a_few_at_once(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "MAX_UPLOADS", 0)
    assert_problem(upload(client, PAIR), 429, "overloaded")
    assert upload(client, PAIR).headers["Retry-After"] == "30"


def test_the_schema_has_both_bodies_an_example_and_every_problem(client: Client) -> None:
    paths = client.get("/openapi.json").json()
    operation = paths["paths"][URL]["post"]
    assert set(operation["requestBody"]["content"]) == {"application/zip", "multipart/form-data"}
    assert {"400", "409", "413", "415", "422", "429", "507"} < set(operation["responses"])
    assert paths["components"]["schemas"]["DatasetDetails"]["examples"][0]["name"] == "ellipses"
