"""What is saved is what is loaded, whatever happens in between."""

import hashlib
import json
import shutil
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO

import pytest
import safetensors.torch
import torch

from translation import durable
from translation.card import CARD, Card, CorruptWeights, WeightsMismatch, read_card
from translation.model import DensityRatios, TranslationModel
from translation.weights import load_bundle, save_bundle

SHIPPED = Path(__file__).parents[2] / "weights"


def test_what_ships_can_be_loaded() -> None:
    cards = list(SHIPPED.glob(f"*/{CARD}"))
    assert SHIPPED / "horse2zebra" / CARD in cards
    assert all(len(load_bundle(card.parent).card.domains) == 2 for card in cards)


def test_every_tensor_survives(tmp_path: Path, card: Card) -> None:
    model, ratios = card.architecture.build_model(card.domains), card.architecture.build_ratios()
    save_bundle(tmp_path, model, ratios, card)
    loaded = load_bundle(tmp_path)
    torch.testing.assert_close(loaded.model.state_dict(), model.state_dict(), rtol=0, atol=0)
    torch.testing.assert_close(loaded.ratios.state_dict(), ratios.state_dict(), rtol=0, atol=0)
    assert loaded.model.domains == ("horse", "zebra")
    assert not loaded.model.training
    assert not loaded.ratios.training


def test_loading_draws_no_random_numbers(tiny_bundle: Path) -> None:
    before = torch.get_rng_state()
    load_bundle(tiny_bundle)
    assert torch.equal(torch.get_rng_state(), before)


def test_a_file_for_every_network(bundle: Path) -> None:
    names = {path.name.split(".")[0] for path in bundle.glob("*.safetensors")}
    ratios = {"ratio_latent", "ratio_observed"}
    assert names == {"x_given_z", "z_given_x", *ratios, "score_latent", "score_observed"}


def test_one_direction_without_ratios_is_a_bundle(one_way_bundle: Path) -> None:
    loaded = load_bundle(one_way_bundle)
    assert {path.name.split(".")[0] for path in one_way_bundle.glob("*.safetensors")} == {"z_given_x"}
    assert (loaded.model.targets, loaded.model.x_given_z, loaded.ratios) == (("zebra",), None, None)
    assert not loaded.model.training


def test_a_card_of_both_ways_is_not_content_with_one(one_way_bundle: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(one_way_bundle, tmp_path / "bundle"))
    fields = json.loads((folder / CARD).read_bytes())
    (folder / CARD).write_text(json.dumps(fields | {"one_way": False}))
    with pytest.raises(WeightsMismatch, match=r"x_given_z.* is missing"):
        load_bundle(folder)


def test_float16_halves_the_files_and_loads_as_float32(
    bundle: Path, tmp_path: Path, model: TranslationModel, ratios: DensityRatios, card: Card
) -> None:
    half = tmp_path / "half"
    save_bundle(half, model, ratios, card, dtype=torch.float16)
    assert _size(half) < 0.7 * _size(bundle)
    loaded = load_bundle(half).model.state_dict()
    torch.testing.assert_close(loaded, model.state_dict(), rtol=1e-3, atol=1e-6)


def test_channels_last_weights_are_stored(
    tmp_path: Path, model: TranslationModel, ratios: DensityRatios, card: Card
) -> None:
    save_bundle(tmp_path, model.to(memory_format=torch.channels_last), ratios, card)
    torch.testing.assert_close(load_bundle(tmp_path).model.state_dict(), model.state_dict(), rtol=0, atol=0)


def test_a_large_network_is_stored_in_several_files(
    tmp_path: Path, model: TranslationModel, ratios: DensityRatios, card: Card
) -> None:
    save_bundle(tmp_path, model, ratios, card, max_shard_bytes=2_000)
    shards = [safetensors.torch.load(path.read_bytes()) for path in tmp_path.glob("*.safetensors")]
    assert len(shards) > 8
    assert all(
        len(shard) == 1 or sum(tensor.nbytes for tensor in shard.values()) <= 2_000 for shard in shards
    )
    torch.testing.assert_close(load_bundle(tmp_path).model.state_dict(), model.state_dict(), rtol=0, atol=0)


def test_the_card_survives_with_fields_of_a_later_time(bundle: Path) -> None:
    fields = json.loads((bundle / CARD).read_bytes())
    (bundle / CARD).write_text(json.dumps(fields | {"camera": {"lens_mm": 50}}))
    loaded = load_bundle(bundle)
    save_bundle(bundle, loaded.model, loaded.ratios, loaded.card)
    kept = json.loads((bundle / CARD).read_bytes())
    assert {**kept, "calibration": None, "files": {}} == {
        **fields,
        **{"camera": {"lens_mm": 50}, "calibration": None, "files": {}},
    }


def test_the_digest_is_that_of_the_card(bundle: Path) -> None:
    assert load_bundle(bundle).digest == hashlib.sha256((bundle / CARD).read_bytes()).hexdigest()


def test_saving_again_replaces_the_weights_and_leaves_nothing_over(bundle: Path, card: Card) -> None:
    other = card.architecture.build_model(card.domains)
    save_bundle(bundle, other, card.architecture.build_ratios(), card)
    torch.testing.assert_close(load_bundle(bundle).model.state_dict(), other.state_dict(), rtol=0, atol=0)
    assert {path.name for path in bundle.iterdir()} == {CARD, *read_card(bundle)[0].files}


@pytest.mark.parametrize("write", range(5))
def test_an_interruption_at_any_write_leaves_the_old_bundle_whole(
    write: int, bundle: Path, model: TranslationModel, card: Card, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes = iter(range(5))
    replacing = durable.replacing

    def interrupted(path: Path) -> AbstractContextManager[BinaryIO]:
        if next(writes) == write:
            raise KeyboardInterrupt
        return replacing(path)

    monkeypatch.setattr(durable, "replacing", interrupted)
    with pytest.raises(KeyboardInterrupt):
        save_bundle(
            bundle, card.architecture.build_model(card.domains), card.architecture.build_ratios(), card
        )
    torch.testing.assert_close(load_bundle(bundle).model.state_dict(), model.state_dict(), rtol=0, atol=0)


def test_weights_that_are_not_finite_are_not_saved(
    tmp_path: Path, model: TranslationModel, ratios: DensityRatios, card: Card
) -> None:
    next(model.parameters()).data.fill_(1e6)
    with pytest.raises(CorruptWeights, match="float16"):
        save_bundle(tmp_path / "new", model, ratios, card, dtype=torch.float16)
    assert not (tmp_path / "new").exists()


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("*.safetensors"))
