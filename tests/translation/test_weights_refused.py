"""Every way in which a bundle can be wrong: each is refused, and nothing is half loaded."""

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

from translation.card import (
    CARD,
    CorruptWeights,
    DigestMismatch,
    InvalidBundle,
    MissingBundle,
    OtherPreprocessing,
    UnknownSchema,
    UnsafeWeights,
    WeightsMismatch,
)
from translation.weights import load_bundle


def truncated(data: bytes) -> bytes:
    return data[: len(data) // 2]


def flipped(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


def pickled(protocol: int) -> Callable[[bytes], bytes]:
    return lambda _: pickle.dumps({"stem.weight": [1.0]}, protocol)


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
    "empty": (lambda _: b"", CorruptWeights),
    "truncated": (truncated, CorruptWeights),
    "trailing bytes": (lambda data: data + b"more", CorruptWeights),
    "huge header": (lambda data: b"\xff" * 8 + data[8:], CorruptWeights),
    "lying shape": (lambda _: lying_header("[1000000]"), CorruptWeights),
    "unknown dtype": (lambda _: lying_header("[1]").replace(b"F32", b"Q99"), CorruptWeights),
    "text": (lambda _: b"<!doctype html>", CorruptWeights),
    **{
        f"pickle protocol {protocol}": (pickled(protocol), UnsafeWeights)
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
    },
    "torch.save": (torch_zip, UnsafeWeights),
    "missing tensor": (
        retensored(lambda tensors: dict(list(tensors.items())[1:])),
        WeightsMismatch,
    ),
    "extra tensor": (
        retensored(lambda tensors: tensors | {"x_given_z.extra": torch.zeros(3)}),
        WeightsMismatch,
    ),
    "wrong shape": (
        retensored(lambda tensors: {name: torch.zeros(2, 2) for name in tensors}),
        WeightsMismatch,
    ),
    "integers": (
        retensored(lambda tensors: {name: tensor.to(torch.int32) for name, tensor in tensors.items()}),
        WeightsMismatch,
    ),
    "not a number": (retensored(poisoned), CorruptWeights),
}


@pytest.mark.parametrize(("change", "refusal"), SIGNED.values(), ids=SIGNED)
def test_bad_weights_are_refused_even_where_the_card_vouches_for_them(
    change: Callable[[bytes], bytes], refusal: type[InvalidBundle], bundle: Path
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
    with pytest.raises(DigestMismatch, match=path.name):
        load_bundle(bundle)


CARDS = {
    "not JSON": (b"{", InvalidBundle),
    "not an object": (b"[]", InvalidBundle),
    "not text": (b"\xff\xfe", InvalidBundle),
    "deep nesting": (b"[" * 100_000, InvalidBundle),
    "no schema version": ({"schema_version": None}, InvalidBundle),
    "later schema": ({"schema_version": 2}, UnknownSchema),
    "later schema, other fields": ({"schema_version": 2, "domains": "horse"}, UnknownSchema),
    "unknown layer": ({"architecture": {"generator": {"attention": True}}}, InvalidBundle),
    "one domain": ({"domains": ["horse"]}, InvalidBundle),
    "the same domain": ({"domains": ["horse", "horse"]}, InvalidBundle),
    "a domain with a path": ({"domains": ["horse", "../zebra"]}, InvalidBundle),
    "a file elsewhere": ({"files": {"../stolen.safetensors": "0" * 64}}, InvalidBundle),
    "a file not there": ({"files": {"absent.safetensors": "0" * 64}}, MissingBundle),
    "other preprocessing": (
        {"preprocessing": {"version": 0}, "preprocessing_digest": "0" * 64},
        OtherPreprocessing,
    ),
    "a training size beyond all": ({"training_size": 2049}, InvalidBundle),
    "a process size beyond all": ({"process_size": 2049}, InvalidBundle),
    "a process size of nothing": ({"process_size": 7}, InvalidBundle),
    "no training size": ({"training_size": None}, InvalidBundle),
    "a hash that is none": ({"files": {"x_given_z.safetensors": "none"}}, InvalidBundle),
}


@pytest.mark.parametrize(("change", "refusal"), CARDS.values(), ids=CARDS)
def test_a_bad_card_is_refused(
    change: bytes | dict[str, Any], refusal: type[InvalidBundle], bundle: Path
) -> None:
    if isinstance(change, bytes):
        (bundle / CARD).write_bytes(change)
    else:
        edit_card(bundle, lambda fields: fields | change)
    with pytest.raises(refusal) as refused:
        load_bundle(bundle)
    assert refused.type is refusal


def test_other_preprocessing_is_told_by_version_and_difference(bundle: Path) -> None:
    stated = json.loads((bundle / CARD).read_bytes())["preprocessing"]
    other = {"preprocessing": stated | {"version": 0, "filter": "nearest"}, "preprocessing_digest": "0" * 64}
    edit_card(bundle, lambda fields: fields | other)
    with pytest.raises(OtherPreprocessing) as refused:
        load_bundle(bundle)
    assert refused.match(f"{bundle} was trained on pictures prepared by version 0 ")
    assert refused.match("has version 1, which differs in filter, version: translate with the sjmvi that")


def test_a_card_that_does_not_state_its_preprocessing_is_let_through(bundle: Path) -> None:
    edit_card(bundle, lambda fields: fields | {"preprocessing": {}, "preprocessing_digest": ""})
    load_bundle(bundle)


def test_no_bundle_at_all(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "absent"):
        with pytest.raises(MissingBundle, match=CARD):
            load_bundle(path)


def test_a_pickled_checkpoint_is_refused_as_a_bundle(tmp_path: Path) -> None:
    path = tmp_path / "horse2zebra.pth"
    path.write_bytes(torch_zip(b""))
    with pytest.raises(UnsafeWeights, match="only safetensors"):
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


def test_networks_that_the_files_do_not_fill_are_never_built(bundle: Path) -> None:
    """Of the largest that a card can ask for: 20 GB."""

    def enlarge(fields: dict[str, Any]) -> dict[str, Any]:
        fields["architecture"]["generator"] |= {"width": 512, "blocks": 32}
        return fields

    edit_card(bundle, enlarge)
    with pytest.raises(WeightsMismatch, match="tensors do not fit"):
        load_bundle(bundle)
