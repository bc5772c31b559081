"""Bundles as they should be, and every way in which one can be wrong."""

import hashlib
import io
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from torch import Tensor

from translation import durable, weights
from translation.architecture import Architecture
from translation.model import DensityRatios, TranslationModel
from translation.weights import CARD, Card, load_bundle, read_card, save_bundle

DOMAINS = ("horse", "zebra")


@pytest.fixture
def card() -> Card:
    return Card(domains=DOMAINS, architecture=Architecture.tiny(), training_size=16)


@pytest.fixture
def model(card: Card) -> TranslationModel:
    return card.architecture.build_model(card.domains)


@pytest.fixture
def ratios(card: Card) -> DensityRatios:
    return card.architecture.build_ratios()


@pytest.fixture
def bundle(tmp_path: Path, model: TranslationModel, ratios: DensityRatios, card: Card) -> Path:
    folder = tmp_path / "bundle"
    save_bundle(folder, model, ratios, card)
    return folder


def test_every_tensor_survives(bundle: Path, model: TranslationModel, ratios: DensityRatios) -> None:
    loaded = load_bundle(bundle)
    torch.testing.assert_close(loaded.model.state_dict(), model.state_dict(), rtol=0, atol=0)
    torch.testing.assert_close(loaded.ratios.state_dict(), ratios.state_dict(), rtol=0, atol=0)
    assert loaded.model.domains == DOMAINS
    assert not loaded.model.training
    assert not loaded.ratios.training


def test_a_file_for_every_network(bundle: Path) -> None:
    names = {path.name.split(".")[0] for path in bundle.glob("*.safetensors")}
    assert names == {"x_given_z", "z_given_x", "ratio_latent", "ratio_observed"}


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
    save_bundle(tmp_path, model.to(memory_format=torch.channels_last), ratios, card)  # type: ignore[call-overload]
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
    edit_card(bundle, lambda fields: fields | {"sensor": {"lens_mm": 50}, "metrics": {"kid": 0.1}})
    loaded, _ = read_card(bundle)
    save_bundle(bundle, *_networks(load_bundle(bundle)), loaded)
    fields = json.loads((bundle / CARD).read_bytes())
    assert fields["sensor"] == {"lens_mm": 50}
    assert fields["metrics"] == {"kid": 0.1}


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

    def interrupted(path: Path) -> Any:  # noqa: ANN401
        if next(writes) == write:
            raise KeyboardInterrupt
        return replacing(path)

    monkeypatch.setattr(weights, "replacing", interrupted)
    with pytest.raises(KeyboardInterrupt):
        save_bundle(bundle, card.architecture.build_model(DOMAINS), card.architecture.build_ratios(), card)
    torch.testing.assert_close(load_bundle(bundle).model.state_dict(), model.state_dict(), rtol=0, atol=0)


def test_weights_that_are_not_finite_are_not_saved(
    tmp_path: Path, model: TranslationModel, ratios: DensityRatios, card: Card
) -> None:
    next(model.parameters()).data.fill_(1e6)
    with pytest.raises(weights.CorruptWeights, match="float16"):
        save_bundle(tmp_path / "new", model, ratios, card, dtype=torch.float16)
    assert not (tmp_path / "new").exists()


def truncated(data: bytes) -> bytes:
    return data[: len(data) // 2]


def flipped(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


def torch_zip(_: bytes) -> bytes:
    buffer = io.BytesIO()
    torch.save({"stem.weight": torch.zeros(3)}, buffer)
    return buffer.getvalue()


def retensored(change: Callable[[dict[str, Tensor]], dict[str, Tensor]]) -> Callable[[bytes], bytes]:
    return lambda data: safetensors.torch.save(change(safetensors.torch.load(data)))


def poisoned(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    next(iter(tensors.values())).view(-1)[-1] = torch.nan
    return tensors


def lying_header(shape: str) -> bytes:
    header = f'{{"stem":{{"dtype":"F32","shape":{shape},"data_offsets":[0,4]}}}}'.encode()
    return len(header).to_bytes(8, "little") + header + bytes(4)


SIGNED = {  # the card names the very file, so only its content can give it away
    "empty": (lambda _: b"", weights.CorruptWeights),
    "truncated": (truncated, weights.CorruptWeights),
    "trailing bytes": (lambda data: data + b"more", weights.CorruptWeights),
    "huge header": (lambda data: b"\xff" * 8 + data[8:], weights.CorruptWeights),
    "lying shape": (lambda _: lying_header("[1000000]"), weights.CorruptWeights),
    "unknown dtype": (lambda _: lying_header("[1]").replace(b"F32", b"Q99"), weights.CorruptWeights),
    "text": (lambda _: b"<!doctype html>", weights.CorruptWeights),
    **{
        f"pickle protocol {protocol}": (
            lambda _, protocol=protocol: pickle.dumps({"stem.weight": [1.0]}, protocol),
            weights.UnsafeWeights,
        )
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
    },
    "torch.save": (torch_zip, weights.UnsafeWeights),
    "missing tensor": (
        retensored(lambda tensors: dict(list(tensors.items())[1:])),
        weights.WeightsMismatch,
    ),
    "extra tensor": (
        retensored(lambda tensors: tensors | {"stem.extra": torch.zeros(3)}),
        weights.WeightsMismatch,
    ),
    "wrong shape": (
        retensored(lambda tensors: {name: torch.zeros(2, 2) for name in tensors}),
        weights.WeightsMismatch,
    ),
    "integers": (
        retensored(lambda tensors: {name: tensor.to(torch.int32) for name, tensor in tensors.items()}),
        weights.WeightsMismatch,
    ),
    "not a number": (retensored(poisoned), weights.CorruptWeights),
}


@pytest.mark.parametrize(("change", "refusal"), SIGNED.values(), ids=SIGNED)
def test_bad_weights_are_refused_even_where_the_card_vouches_for_them(
    change: Callable[[bytes], bytes], refusal: type[weights.InvalidBundle], bundle: Path
) -> None:
    path = weights_file(bundle)
    path.write_bytes(change(path.read_bytes()))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    edit_card(bundle, lambda fields: fields | {"files": fields["files"] | {path.name: digest}})
    with pytest.raises(refusal) as refused:
        load_bundle(bundle)
    assert refused.type is refusal
    assert refused.match("x_given_z")


@pytest.mark.parametrize("change", [truncated, flipped], ids=["truncated", "one bit"])
def test_a_changed_file_is_refused_before_it_is_parsed(
    change: Callable[[bytes], bytes], bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = weights_file(bundle)
    path.write_bytes(change(path.read_bytes()))
    others = [other for other in bundle.glob("*.safetensors") if other != path]
    edit_card(bundle, lambda fields: fields | {"files": {path.name: fields["files"][path.name]}})
    monkeypatch.setattr(safetensors.torch, "load", lambda _: pytest.fail("parsed"))
    assert others
    with pytest.raises(weights.DigestMismatch, match=path.name):
        load_bundle(bundle)


CARDS = {
    "not JSON": (b"{", weights.InvalidBundle),
    "not an object": (b"[]", weights.InvalidBundle),
    "not text": (b"\xff\xfe", weights.InvalidBundle),
    "deep nesting": (b"[" * 100_000, weights.InvalidBundle),
    "no schema version": ({"schema_version": None}, weights.UnknownSchema),
    "later schema": ({"schema_version": 2}, weights.UnknownSchema),
    "later schema, other fields": ({"schema_version": 2, "domains": "horse"}, weights.UnknownSchema),
    "unknown layer": ({"architecture": {"generator": {"attention": True}}}, weights.InvalidBundle),
    "one domain": ({"domains": ["horse"]}, weights.InvalidBundle),
    "the same domain": ({"domains": ["horse", "horse"]}, weights.InvalidBundle),
    "a domain with a path": ({"domains": ["horse", "../zebra"]}, weights.InvalidBundle),
    "a file elsewhere": ({"files": {"../stolen.safetensors": "0" * 64}}, weights.InvalidBundle),
    "a file not there": ({"files": {"absent.safetensors": "0" * 64}}, weights.MissingBundle),
    "a hash that is none": ({"files": {"x_given_z.safetensors": "none"}}, weights.InvalidBundle),
}


@pytest.mark.parametrize(("change", "refusal"), CARDS.values(), ids=CARDS)
def test_a_bad_card_is_refused(
    change: bytes | dict[str, Any], refusal: type[weights.InvalidBundle], bundle: Path
) -> None:
    if isinstance(change, bytes):
        (bundle / CARD).write_bytes(change)
    else:
        edit_card(bundle, lambda fields: fields | change)
    with pytest.raises(refusal) as refused:
        load_bundle(bundle)
    assert refused.type is refusal


def test_no_bundle_at_all(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "absent"):
        with pytest.raises(weights.MissingBundle, match=CARD):
            load_bundle(path)


def test_a_pickled_checkpoint_is_refused_as_a_bundle(tmp_path: Path) -> None:
    path = tmp_path / "horse2zebra.pth"
    path.write_bytes(torch_zip(b""))
    with pytest.raises(weights.UnsafeWeights, match="only safetensors"):
        load_bundle(path)


def test_a_header_that_begins_like_a_pickle_is_still_safetensors(bundle: Path) -> None:
    path = weights_file(bundle)
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    longer = 0x10480  # stored as 80 04 01 00: the opening of a pickle
    path.write_bytes(longer.to_bytes(8, "little") + data[8 : 8 + length].ljust(longer) + data[8 + length :])
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    edit_card(bundle, lambda fields: fields | {"files": fields["files"] | {path.name: digest}})
    load_bundle(bundle)


def weights_file(folder: Path) -> Path:
    return next(folder.glob("x_given_z.*"))


def edit_card(folder: Path, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    fields = json.loads((folder / CARD).read_bytes())
    (folder / CARD).write_text(json.dumps(change(fields)))


def _networks(bundle: weights.Bundle) -> tuple[TranslationModel, DensityRatios]:
    return bundle.model, bundle.ratios


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("*.safetensors"))
