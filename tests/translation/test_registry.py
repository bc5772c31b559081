"""Bundles by name: shipped and published, whole and broken."""

from pathlib import Path

import pytest

from translation import registry
from translation.card import CARD, Card, InvalidBundle, MissingBundle, OtherPreprocessing, read_card
from translation.model import DensityRatios, TranslationModel
from translation.registry import (
    InvalidName,
    Registry,
    UnknownModel,
)
from translation.weights import load_bundle, save_bundle


def test_a_shipped_bundle_is_found_by_its_name(bundles: Registry) -> None:
    assert bundles.names() == ("horse2zebra",)
    assert read_card(bundles.folder("horse2zebra"))[0].domains == ("horse", "zebra")


def test_no_folders_no_models(tmp_path: Path) -> None:
    bundles = Registry(tmp_path / "absent", tmp_path / "neither")
    assert bundles.list() == ()
    with pytest.raises(UnknownModel, match="available: none"):
        bundles.folder("horse2zebra")


@pytest.mark.parametrize(
    "name", ["", "../weights", "horse2zebra/", "Horse2Zebra", ".hidden", "a" * 65, "a\n"]
)
def test_a_name_cannot_lead_elsewhere(name: str, bundles: Registry, retrained: Path) -> None:
    with pytest.raises(InvalidName):
        bundles.folder(name)
    with pytest.raises(InvalidName):
        bundles.add(retrained, name)


def test_an_unknown_name_is_told_the_known_ones(bundles: Registry) -> None:
    with pytest.raises(UnknownModel, match="'zebra2horse'; available: horse2zebra"):
        bundles.folder("zebra2horse")


def test_listing_reads_no_weights(bundles: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "load_bundle", lambda _: pytest.fail("loaded"))
    (entry,) = bundles.list()
    assert entry.card is not None
    assert entry.card.training_size == 32
    assert entry.digest is not None
    assert entry.fault is None


def test_a_broken_bundle_is_listed_with_its_fault_beside_the_whole_ones(
    tmp_path: Path, bundles: Registry
) -> None:
    (tmp_path / "weights" / "broken").mkdir()
    (tmp_path / "weights" / "broken" / CARD).write_text("{")
    (tmp_path / "weights" / "README.md").write_text("Bundles that ship with the project.")
    broken, whole = bundles.list()
    assert (broken.name, broken.card) == ("broken", None)
    assert "not a card" in str(broken.fault)
    assert whole.fault is None


def test_a_bundle_of_other_preprocessing_is_listed_as_broken_and_not_published(
    bundles: Registry, retrained: Path, model: TranslationModel, ratios: DensityRatios, card: Card
) -> None:
    bundles.add(retrained, "ellipses")
    other = card.model_copy(update={"preprocessing_digest": "0" * 64})
    for folder in (bundles.folder("ellipses"), retrained / "bundle"):
        save_bundle(folder, model, ratios, other)
    with pytest.raises(OtherPreprocessing):
        bundles.add(retrained, "other")
    assert {entry.name: "preprocessing" in str(entry.fault) for entry in bundles.list()} == {
        "ellipses": True,
        "horse2zebra": False,
    }


@pytest.mark.parametrize("part", ["", "bundle"], ids=["run", "bundle"])
def test_a_run_or_a_bundle_is_published(part: str, bundles: Registry, retrained: Path) -> None:
    entry = bundles.add(retrained / part, "ellipses")
    assert bundles.names() == ("ellipses", "horse2zebra")
    assert (
        load_bundle(bundles.folder("ellipses")).digest
        == entry.digest
        == load_bundle(retrained / "bundle").digest
    )


def test_publishing_twice_is_publishing_once(tmp_path: Path, bundles: Registry, retrained: Path) -> None:
    first, second = (bundles.add(retrained, "ellipses") for _ in range(2))
    assert first == second
    assert sorted(path.name for path in (tmp_path / "models" / "ellipses").iterdir()) == sorted(
        ["active", load_bundle(retrained / "bundle").digest[:16]]
    )


def test_what_cannot_be_loaded_is_not_published(bundles: Registry, retrained: Path) -> None:
    good = bundles.add(retrained, "ellipses")
    next((retrained / "bundle").glob("x_given_z.*")).write_bytes(b"not weights")
    for name in ("ellipses", "other"):
        with pytest.raises(InvalidBundle):
            bundles.add(retrained, name)
    assert bundles.names() == ("ellipses", "horse2zebra")
    assert load_bundle(bundles.folder("ellipses")).digest == good.digest


@pytest.mark.parametrize("version", ["", "../../weights/horse2zebra", "0123456789abcdef"])
def test_a_pointer_to_no_version_is_a_fault_of_that_bundle(
    version: str, tmp_path: Path, bundles: Registry
) -> None:
    (tmp_path / "models" / "ellipses").mkdir(parents=True)
    (tmp_path / "models" / "ellipses" / "active").write_text(version)
    with pytest.raises(MissingBundle):
        read_card(bundles.folder("ellipses"))
    assert [entry.fault is None for entry in bundles.list()] == [False, True]
