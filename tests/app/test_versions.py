"""/v1/models/{name}/versions: published, taken into use, downloaded, deleted; one serves all the while."""

import json
import shutil
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from io import BytesIO
from pathlib import Path
from threading import Event

import pytest
import torch
from httpx import Client, Response

from app.keys import KeyRing, Scope
from translation.card import CARD
from translation.weights import load_bundle

Serve = Callable[..., AbstractContextManager[Client]]
URL = "/v1/models/tiny/versions"
ZIP = {"Content-Type": "application/zip"}
TRANSLATE = "/v1/translations?to=zebra&seed=7&model=tiny"


def zipped(folder: Path, inside: str = "") -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, f"{inside}{file.name}")
    return buffer.getvalue()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def client(serve: Serve, data: Path) -> Iterator[Client]:
    with serve(data_dir=data, max_bundle_bytes=3_000_000, embedded_worker=False) as client:
        yield client


def publish(client: Client, archive: bytes, url: str = URL) -> Response:
    return client.post(url, content=archive, headers=ZIP)


def digest_in_use(client: Client, picture: bytes) -> str:
    answer = client.post(TRANSLATE, content=picture, headers={"Content-Type": "image/jpeg"})
    assert answer.status_code == 200, answer.text
    return str(answer.headers["SJMVI-Model-Digest"])


def assert_problem(answer: Response, status: int, slug: str) -> str:
    assert (answer.status_code, answer.json()["type"]) == (status, slug), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return str(answer.json()["detail"])


def test_a_version_lives_from_its_upload_to_its_deletion(
    client: Client, retrained: Path, photograph: bytes, data: Path
) -> None:
    before, after = digest_in_use(client, photograph), load_bundle(retrained).digest
    answer = publish(client, zipped(retrained, "run/bundle/"))
    assert answer.status_code == 201, answer.text
    version = answer.json()
    assert (version["digest"], version["is_active"], version["is_shipped"]) == (after, False, False)
    assert answer.headers["Location"] == f"{URL}/{version['version']}"
    assert digest_in_use(client, photograph) == before

    active = client.put("/v1/models/tiny/active", json={"version": version["version"]})
    assert (active.status_code, active.json()["is_active"]) == (200, True), active.text
    assert digest_in_use(client, photograph) == after
    assert client.get("/v1/models/tiny").json()["digest"] == after
    shown = client.get(answer.headers["Location"]).json()
    assert shown["card"]["steps"] == 1000
    listed = client.get(URL).json()["versions"]
    assert {each["digest"]: each["is_active"] for each in listed} == {before: False, after: True}
    assert [each["digest"] for each in listed if each["is_shipped"]] == [before]

    assert_problem(client.delete(answer.headers["Location"]), 409, "version-in-use")
    assert client.put("/v1/models/tiny/active", json={"version": before[:16]}).status_code == 200
    assert digest_in_use(client, photograph) == before
    assert client.delete(answer.headers["Location"]).status_code == 204
    assert_problem(client.get(answer.headers["Location"]), 404, "unknown-version")
    assert [file for file in (data / "models").rglob("*") if file.is_file() and file.name[0] != "."] == []


def test_a_new_name_serves_at_once_and_a_later_version_when_asked_for(
    client: Client, tiny_bundle: Path, retrained: Path
) -> None:
    url = "/v1/models/mine/versions"
    first = client.post(url, files={"file": ("../x.zip", zipped(tiny_bundle))})
    assert (first.status_code, first.json()["is_active"]) == (201, True), first.text
    second = client.post(url, data={"activate": "true"}, files={"file": zipped(retrained)})
    assert (second.status_code, second.json()["is_active"]) == (201, True), second.text
    assert [each["is_active"] for each in client.get(url).json()["versions"]].count(True) == 1
    again = publish(client, zipped(tiny_bundle), f"{url}?activate=true")
    assert again.json() == first.json()
    assert len(client.get(url).json()["versions"]) == 2
    assert_problem(client.delete(f"{URL}/{first.json()['version']}"), 409, "version-in-use")


def test_a_model_is_deleted_with_what_is_in_use_and_its_name_is_free_again(
    client: Client, retrained: Path, photograph: bytes, data: Path
) -> None:
    url, translate = "/v1/models/mine", {"model": "mine", "to": "zebra", "seed": "1"}
    picture = {"image": photograph}
    for _ in range(2):
        assert publish(client, zipped(retrained), f"{url}/versions").status_code == 201
        assert client.post("/v1/translations", params=translate, files=picture).status_code == 200
        assert client.delete(url).status_code == 204
        refused = client.post("/v1/translations", params=translate, files=picture)
        for answer in (refused, client.delete(url)):
            assert_problem(answer, 404, "unknown-model")
    assert_problem(client.delete("/v1/models/tiny"), 409, "shipped-model")
    assert {file.name for file in (data / "models").iterdir()} <= {".lock", ".changing"}


def test_a_download_is_the_same_bundle_again(client: Client, tiny_bundle: Path) -> None:
    digest = load_bundle(tiny_bundle).digest
    url = f"{URL}/{digest[:16]}/bundle"
    answer = client.get(url)
    assert (answer.status_code, answer.headers["ETag"]) == (200, f'"{digest}"')
    assert f"tiny-{digest[:16]}.zip" in answer.headers["Content-Disposition"]
    with zipfile.ZipFile(BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == {
            file.name: file.read_bytes() for file in tiny_bundle.iterdir()
        }
    assert client.get(url).content == answer.content
    assert client.get(url, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    assert publish(client, answer.content, "/v1/models/copy/versions").json()["digest"] == digest


def spoiled(folder: Path, into: Path, spoil: Callable[[Path], object]) -> bytes:
    spoil(Path(shutil.copytree(folder, into)))
    return zipped(into)


def weights_of(folder: Path) -> Path:
    return next(folder.glob("z_given_x.*"))


def recarded(**fields: object) -> Callable[[Path], object]:
    def write(folder: Path) -> None:
        card = json.loads((folder / CARD).read_bytes())
        (folder / CARD).write_text(json.dumps(card | fields))

    return write


BAD: dict[str, tuple[Callable[[Path], object], int, str]] = {
    "flipped": (lambda folder: weights_of(folder).write_bytes(b"x"), 422, "digest-mismatch"),
    "missing": (lambda folder: weights_of(folder).unlink(), 422, "missing-bundle"),
    "no card": (lambda folder: (folder / CARD).unlink(), 422, "missing-bundle"),
    "a pickle": (lambda folder: (folder / "more.pth").write_bytes(b"x"), 422, "unsafe-weights"),
    "later schema": (recarded(schema_version=2), 422, "unknown-schema"),
    "one domain": (recarded(domains=["horse"]), 422, "invalid-bundle"),
    "one way": (recarded(one_way=True), 422, "weights-mismatch"),
    "huge": (
        lambda folder: (folder / "x.safetensors").write_bytes(bytes(4_000_000)),
        413,
        "archive-too-large",
    ),
}


def test_a_bad_bundle_is_refused_and_leaves_nothing(
    client: Client, tiny_bundle: Path, tmp_path: Path, data: Path, photograph: bytes
) -> None:
    before = digest_in_use(client, photograph)
    archives = {name: spoiled(tiny_bundle, tmp_path / name, spoil) for name, (spoil, *_) in BAD.items()}
    for name, (_, status, slug) in BAD.items():
        for url in (URL, "/v1/models/new/versions"):
            detail = assert_problem(publish(client, archives[name], f"{url}?activate=true"), status, slug)
            assert str(data) not in detail
    buffer = BytesIO()
    torch.save({"x": torch.zeros(3)}, buffer)
    assert_problem(publish(client, buffer.getvalue()), 422, "unsafe-weights")
    assert_problem(publish(client, b"no zip"), 422, "corrupt-archive")
    assert_problem(publish(client, bytes(3_000_001)), 413, "body-too-large")
    assert [each["name"] for each in client.get("/v1/models").json()["models"]] == ["tiny"]
    assert digest_in_use(client, photograph) == before
    assert {file.name for file in (data / "models").iterdir()} <= {".lock", ".changing"}


@pytest.mark.parametrize("name", ["A", ".a", "..", "a%0a", "é", "a" * 65])
def test_a_new_name_is_of_few_letters(client: Client, tiny_bundle: Path, name: str) -> None:
    answer = publish(client, zipped(tiny_bundle), f"/v1/models/{name}/versions")
    assert answer.status_code in (404, 422)


def test_a_version_that_cannot_work_does_not_take_over(
    client: Client, retrained: Path, photograph: bytes, data: Path
) -> None:
    before = digest_in_use(client, photograph)
    version = publish(client, zipped(retrained)).json()["version"]
    weights_of(data / "models/tiny" / version).write_bytes(b"changed on the disk")
    refused = client.put("/v1/models/tiny/active", json={"version": version})
    assert str(data) not in assert_problem(refused, 422, "digest-mismatch")
    for wrong in ("0" * 16, "../tiny", "active"):
        refused = client.put("/v1/models/tiny/active", json={"version": wrong})
        assert_problem(refused, 404, "unknown-version")
    assert_problem(client.put("/v1/models/tiny/active", json={}), 422, "bad-parameter")
    assert_problem(client.put("/v1/models/absent/active", json={"version": "0"}), 404, "unknown-model")
    assert digest_in_use(client, photograph) == before


def test_reading_takes_any_key_and_writing_an_admins(serve: Serve, data: Path, retrained: Path) -> None:
    ring = KeyRing(data / "keys.json")
    keys = {scope: ring.create(scope, frozenset({scope}))[1] for scope in Scope}
    with serve(data_dir=data, embedded_worker=False) as client:
        for scope, secret in keys.items():
            bearer = {"Authorization": f"Bearer {secret}"}
            assert client.get(URL, headers=bearer).status_code == 200
            expected = 201 if scope == Scope.ADMIN else 403
            archive = zipped(retrained)
            assert client.post(URL, content=archive, headers=ZIP | bearer).status_code == expected
            assert client.delete(f"{URL}/0", headers=bearer).status_code == (404 if expected == 201 else 403)


def test_versions_change_under_load_without_one_error(
    client: Client, retrained: Path, photograph: bytes
) -> None:
    """Every answer is of the old version or of the new one."""
    shipped = digest_in_use(client, photograph)
    added = publish(client, zipped(retrained)).json()
    stop = Event()

    def translate() -> list[str]:
        seen = []
        while not stop.is_set():
            seen.append(digest_in_use(client, photograph))
        return seen

    with ThreadPoolExecutor(4) as threads:
        working = [threads.submit(translate) for _ in range(4)]
        try:
            for digest in (added["digest"], shipped) * 3:
                active = client.put("/v1/models/tiny/active", json={"version": digest[:16]})
                assert active.status_code == 200, active.text
                assert digest_in_use(client, photograph) == digest
        finally:
            stop.set()
        seen = [digest for each in working for digest in each.result()]
    assert set(seen) == {shipped, added["digest"]}
