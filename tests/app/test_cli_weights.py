"""`sjmvi weights`: bundles listed, shown, verified, published, taken into use and removed."""

import json
import shutil
from pathlib import Path

import pytest

from app.cli import execute
from translation.weights import load_bundle, save_bundle


@pytest.fixture(autouse=True)
def at_home(tmp_path: Path, tiny_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SJMVI_WEIGHTS_DIR", str(tiny_bundle.parent))
    monkeypatch.setenv("SJMVI_DATA_DIR", str(tmp_path / "data"))


def test_bundles_are_listed_shown_verified_and_published(
    tiny_bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def asked(*arguments: str) -> object:
        assert execute(["weights", *arguments, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    assert execute(["weights", "add", str(tiny_bundle), "--name", "mine"]) == 0
    capsys.readouterr()
    assert [row["name"] for row in asked("list")] == ["mine", "tiny"]
    assert asked("add", "tiny", "--name", "another")["digest"] == asked("verify", "tiny")["digest"]
    assert asked("remove", "another") == {"deleted": "another"}
    assert asked("show", "mine")["training_size"] == 32
    assert asked("verify", str(tiny_bundle))["digest"] == asked("verify", "mine")["digest"]
    for words, text in (("list", "horse ⇄ zebra"), ("show tiny", "domains"), ("verify tiny", "is whole")):
        assert execute(["weights", *words.split()]) == 0
        assert text in capsys.readouterr().out


def test_a_later_version_is_taken_into_use_when_asked_for(
    tiny_bundle: Path, one_way_bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def versions() -> list[bool]:
        assert execute(["weights", "list", "tiny", "--json"]) == 0
        return [row["is_active"] for row in json.loads(capsys.readouterr().out) if not row["is_shipped"]]

    assert execute(["weights", "add", str(one_way_bundle), "--name", "tiny"]) == 0
    hint = capsys.readouterr().out.partition(": sjmvi ")[2]
    assert versions() == [False]
    assert execute(hint.split()[:4]) == 0
    assert capsys.readouterr().out.startswith("tiny is now ")
    assert versions() == [True]
    assert execute(["weights", "add", str(tiny_bundle), "--name", "tiny", "--activate"]) == 0
    capsys.readouterr()
    assert versions() == [False]
    assert execute(["weights", "list", "tiny"]) == 0
    assert "in use" in capsys.readouterr().out
    assert execute(["weights", "activate", "tiny", "0123"]) == 4
    assert capsys.readouterr().err.startswith("error: unknown-version: ")


def test_a_version_or_a_whole_model_is_removed(
    tiny_bundle: Path, one_way_bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for source in (tiny_bundle, one_way_bundle):
        assert execute(["weights", "add", str(source), "--name", "mine"]) == 0
    capsys.readouterr()
    assert execute(["weights", "list", "mine", "--json"]) == 0
    (other,) = (row["version"] for row in json.loads(capsys.readouterr().out) if not row["is_active"])
    for bundle, code, told in (
        (f"mine@{other}", 0, f"mine@{other} is deleted"),
        (f"mine@{other}", 4, "error: unknown-version: "),
        ("mine@", 4, "error: unknown-version: "),
        ("mine", 0, "mine is deleted"),
        ("mine", 4, "error: unknown-model: "),
        ("tiny", 4, "error: shipped-model: "),
    ):
        assert execute(["weights", "remove", bundle]) == code
        printed = capsys.readouterr()
        assert (printed.err if code else printed.out).startswith(told)


def test_a_licence_is_listed_as_it_is_written(
    tiny_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = load_bundle(tiny_bundle)
    card = bundle.card.model_copy(update={"licence": "ours [see note]"})
    save_bundle(tmp_path / "noted", bundle.model, bundle.ratios, card)
    assert execute(["weights", "add", str(tmp_path / "noted"), "--name", "noted"]) == 0
    capsys.readouterr()
    assert execute(["weights", "list"]) == 0
    assert "ours [see note]" in capsys.readouterr().out


def test_a_broken_bundle_is_listed_with_its_fault_and_not_verified(
    tiny_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SJMVI_WEIGHTS_DIR", str(tmp_path / "weights"))
    shutil.copytree(tiny_bundle, tmp_path / "weights" / "broken")
    (tmp_path / "weights" / "broken" / "card.json").write_text("{")
    assert execute(["weights", "list"]) == 0
    assert "broken" in capsys.readouterr().out
    assert execute(["weights", "verify", "broken"]) == 4
    assert capsys.readouterr().err.startswith("error: invalid-bundle: ")


def test_a_name_that_is_not_there_is_told_with_the_folders_looked_in(
    tmp_path: Path, tiny_bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert execute(["weights", "show", "tony"]) == 4
    told = capsys.readouterr().err
    assert "no model named 'tony'; available: tiny;" in told
    assert f"looked for in {tiny_bundle.parent} and {tmp_path}/data/models" in told
