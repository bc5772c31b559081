"""The versions of a bundle: published beside the one in use, taken into use, removed."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from errno import ENOSPC
from pathlib import Path

import pytest

from translation import registry
from translation.card import CARD, Card, DigestMismatch, read_card
from translation.model import DensityRatios, TranslationModel
from translation.registry import (
    LOCK,
    InvalidName,
    Registry,
    ShippedModel,
    ShippedVersion,
    UnknownModel,
    UnknownVersion,
    VersionInUse,
)
from translation.weights import Bundle, load_bundle, save_bundle


def test_a_later_version_is_in_use_when_asked_for(bundles: Registry, retrained: Path) -> None:
    shipped = bundles.folder("horse2zebra")
    entry = bundles.add(retrained, "horse2zebra")
    assert (entry.is_active, entry.is_shipped) == (False, False)
    assert bundles.folder("horse2zebra") == shipped
    assert bundles.add(retrained, "horse2zebra", activate=True) == replace(entry, is_active=True)
    assert read_card(bundles.folder("horse2zebra"))[0].steps == 1000
    assert bundles.names() == ("horse2zebra",)


def test_versions_are_listed_and_any_is_taken_into_use(bundles: Registry, retrained: Path) -> None:
    added = bundles.add(retrained, "horse2zebra")
    shipped = next(entry for entry in bundles.versions("horse2zebra") if entry.is_shipped)
    for version in (added.version, shipped.version, added.version):
        assert version
        assert bundles.activate("horse2zebra", version).is_active
        assert [entry.version for entry in bundles.versions("horse2zebra") if entry.is_active] == [version]
        digest = load_bundle(bundles.folder("horse2zebra")).digest
        assert digest.startswith(version)
        assert bundles.version("horse2zebra", version).digest == digest
        for each in (added.version, shipped.version):  # each is found, whichever is in use
            assert load_bundle(bundles.folder("horse2zebra", each)).digest.startswith(str(each))
    assert len(bundles.versions("horse2zebra")) == 2


def test_the_newest_version_is_the_first(
    bundles: Registry, retrained: Path, model: TranslationModel, ratios: DensityRatios, card: Card
) -> None:
    for day in ("02", "03", "01"):
        save_bundle(
            retrained / "bundle", model, ratios, card.model_copy(update={"created": f"2026-01-{day}"})
        )
        bundles.add(retrained, "ellipses")
    cards = [entry.card for entry in bundles.versions("ellipses")]
    assert [each and each.created for each in cards] == ["2026-01-03", "2026-01-02", "2026-01-01"]


@pytest.mark.parametrize("version", ["", "..", "active", "../../weights/horse2zebra", "0" * 16, ".changing"])
def test_no_other_word_leads_to_a_version(version: str, bundles: Registry, retrained: Path) -> None:
    bundles.add(retrained, "horse2zebra")
    with pytest.raises(UnknownVersion):
        bundles.folder("horse2zebra", version)
    with pytest.raises(InvalidName):
        bundles.folder("../weights", version)
    for call in (bundles.version, bundles.activate, bundles.remove):
        with pytest.raises(UnknownVersion):
            call("horse2zebra", version)
        with pytest.raises(UnknownModel, match="available: horse2zebra"):
            call("../weights", version)


def test_what_is_broken_is_not_taken_into_use(
    bundles: Registry, retrained: Path, model: TranslationModel, ratios: DensityRatios, card: Card
) -> None:
    good = bundles.folder("horse2zebra")
    added = bundles.add(retrained, "horse2zebra")
    next(added.folder.glob("x_given_z.*")).write_bytes(b"not weights")
    with pytest.raises(DigestMismatch):
        bundles.activate("horse2zebra", added.version or "")
    save_bundle(added.folder, model, ratios, card)  # whole, and not what was published
    with pytest.raises(DigestMismatch, match="its card was changed"):
        bundles.activate("horse2zebra", added.version or "")
    assert bundles.folder("horse2zebra") == good


def test_a_version_is_removed_unless_it_is_in_use_or_shipped(
    tmp_path: Path, bundles: Registry, retrained: Path
) -> None:
    added = bundles.add(retrained, "horse2zebra", activate=True)
    (shipped,) = (entry for entry in bundles.versions("horse2zebra") if entry.is_shipped)
    with pytest.raises(VersionInUse):
        bundles.remove("horse2zebra", added.version or "")
    with pytest.raises(ShippedVersion):
        bundles.remove("horse2zebra", shipped.version or "")
    bundles.activate("horse2zebra", shipped.version or "")
    bundles.remove("horse2zebra", added.version or "")
    assert [entry.is_shipped for entry in bundles.versions("horse2zebra")] == [True]
    assert list((tmp_path / "models/horse2zebra").iterdir()) == []


def test_a_model_is_removed_with_what_is_in_use_and_its_name_is_free_again(
    tmp_path: Path, bundles: Registry, retrained: Path
) -> None:
    bundles.add(retrained, "ellipses")
    bundles.remove_model("ellipses")
    assert bundles.names() == ("horse2zebra",)
    with pytest.raises(UnknownModel):
        bundles.remove_model("ellipses")
    assert [file.name for file in (tmp_path / "models").iterdir()] == [LOCK]
    assert bundles.add(retrained, "ellipses").is_active


def test_what_an_interrupted_removal_left_is_no_model_and_goes_with_the_next(
    tmp_path: Path, bundles: Registry, retrained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    bundles.add(retrained, "ellipses")
    with monkeypatch.context() as patched:
        patched.setattr(shutil, "rmtree", interrupt)
        with pytest.raises(KeyboardInterrupt):
            bundles.remove_model("ellipses")
    assert bundles.names() == ("horse2zebra",)
    assert len(list((tmp_path / "models").iterdir())) == 2  # the lock, and what is left of it
    bundles.add(retrained, "ellipses")
    bundles.remove_model("ellipses")
    assert [file.name for file in (tmp_path / "models").iterdir()] == [LOCK]


def test_a_model_that_ships_stays_with_what_was_added_to_it(bundles: Registry, retrained: Path) -> None:
    added = bundles.add(retrained, "horse2zebra", activate=True)
    with pytest.raises(ShippedModel):
        bundles.remove_model("horse2zebra")
    assert bundles.folder("horse2zebra") == added.folder


def test_publishing_what_ships_adds_no_version(tmp_path: Path, bundles: Registry) -> None:
    entry = bundles.add(tmp_path / "weights/horse2zebra", "horse2zebra", activate=True)
    assert (entry.is_shipped, entry.is_active) == (True, True)
    assert len(bundles.versions("horse2zebra")) == 1


CHANGES = {
    "its card": lambda bundle, card: (bundle / CARD).write_text(card.model_dump_json()),
    "its weights": lambda bundle, card: next(bundle.glob("x_given_z.*")).unlink(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_run_that_changes_while_it_is_published_is_not(  # noqa: PLR0913, PLR0917 - five are fixtures
    tmp_path: Path,
    bundles: Registry,
    retrained: Path,
    card: Card,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[Path, Card], object],
) -> None:
    """A training that is at its end writes its card twice."""
    whole = shutil.copytree(retrained, tmp_path / "whole")

    def loaded(folder: Path) -> Bundle:
        bundle = load_bundle(folder)
        change(folder, card)
        return bundle

    with monkeypatch.context() as patched:
        patched.setattr(registry, "load_bundle", loaded)
        with pytest.raises(DigestMismatch, match="add it again"):
            bundles.add(retrained, "ellipses")
    assert bundles.names() == ("horse2zebra",)
    assert bundles.add(whole, "ellipses").is_active


def test_a_copy_that_fails_leaves_nothing(
    tmp_path: Path, bundles: Registry, retrained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "copyfileobj", fail)
        with pytest.raises(OSError, match="No space"):
            bundles.add(retrained, "ellipses")
    assert list((tmp_path / "models/ellipses").iterdir()) == []
    assert bundles.names() == ("horse2zebra",)
    assert bundles.add(retrained, "ellipses").is_active
