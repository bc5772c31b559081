"""The weights bundle: a folder that holds everything needed to translate both ways and to judge the results.

    card.json                          what the model is, and the sha256 of every file beside it
    x_given_z.<hash>.safetensors       the map to x, and z_given_x the map to z; over 40 MB in several files
    ratio_latent.<hash>.safetensors    the log-ratio network that judges z, and ratio_observed that judges x

An imported bundle has no ratios, and may have the map to z alone.

Nothing in it is ever executed: pickle is refused by its content, whatever its name. The hashes in the names
make saving atomic: new weights never touch the old ones, and the card that names them is replaced last.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from translation.card import (
    CARD,
    Ancestor,
    Card,
    CorruptWeights,
    DigestMismatch,
    InvalidBundle,
    MissingBundle,
    OtherPreprocessing,
    UnknownSchema,
    UnsafeWeights,
    WeightsMismatch,
    read_card,
    read_file,
    refuse_other_preprocessing,
    refuse_pickle,
)
from translation.durable import replacing
from translation.model import DensityRatios, TranslationModel
from translation.outline import outlines

__all__ = [
    "CARD",
    "Ancestor",
    "Bundle",
    "Card",
    "CorruptWeights",
    "DigestMismatch",
    "InvalidBundle",
    "MissingBundle",
    "OtherPreprocessing",
    "UnknownSchema",
    "UnsafeWeights",
    "WeightsMismatch",
    "load_bundle",
    "load_outline",
    "name_of",
    "read_card",
    "save_bundle",
]

MAX_SHARD_BYTES = 40_000_000


@dataclass(frozen=True)
class Bundle:
    """A loaded bundle. `digest` is the sha256 of card.json, which holds those of all other files.

    What was imported has no ratios.
    """

    card: Card
    model: TranslationModel
    ratios: DensityRatios | None
    digest: str


def save_bundle(
    folder: Path,
    model: TranslationModel,
    ratios: DensityRatios | None,
    card: Card,
    dtype: torch.dtype = torch.float32,
    max_shard_bytes: int = MAX_SHARD_BYTES,
) -> None:
    """Write or replace a bundle. At every instant the old one or the new one lies there whole.

    The weights are stored as `dtype`; float16 halves the size. Raises CorruptWeights where one is not finite.
    """
    tensors = _stored(_networks(model, ratios).state_dict(), dtype)
    folder.mkdir(parents=True, exist_ok=True)
    files = {}
    for network, shard in _shards(tensors, max_shard_bytes):
        data = safetensors.torch.save(shard)
        sha256 = hashlib.sha256(data).hexdigest()
        name = f"{network}.{sha256[:12]}.safetensors"
        files[name] = sha256
        with replacing(folder / name) as file:
            file.write(data)
    with replacing(folder / CARD) as file:
        file.write(card.model_copy(update={"files": files}).model_dump_json(indent=2).encode())
    for path in folder.glob("*.safetensors"):
        if path.name not in files:
            path.unlink()


def load_bundle(folder: Path, device: torch.device | str = "cpu") -> Bundle:
    """The networks in float32 and evaluation mode. Raises InvalidBundle; nothing is ever half loaded."""
    card, digest = read_card(folder)
    refuse_other_preprocessing(folder, card)
    tensors: dict[str, Tensor] = {}
    for name, sha256 in card.files.items():
        shard = _read_tensors(folder / name, sha256)
        if twice := tensors.keys() & shard.keys():
            raise WeightsMismatch(f"{name} repeats {min(twice)}")
        tensors |= shard
    with outlines():  # a card may ask for any size: what the files do not fill is never built
        matched = _matched(tensors, _networks(*_built(card)).state_dict())
    model, ratios = _built(card)
    networks = _networks(model, ratios)
    networks.load_state_dict(matched)
    networks.eval().to(device)
    return Bundle(card, model.eval(), ratios and ratios.eval(), digest)


def load_outline(folder: Path) -> Bundle:
    """The bundle without its weights, which are neither read nor checked: enough for all that surrounds its
    networks. Raises InvalidBundle."""
    card, digest = read_card(folder)
    refuse_other_preprocessing(folder, card)
    with outlines():
        model = card.architecture.build_model(card.domains, card.one_way)
    return Bundle(card, model.eval(), None, digest)


def name_of(folder: Path) -> str:
    """What a bundle that is given by its folder is called: RUN/bundle as its run."""
    folder = folder.resolve()
    return folder.parent.name if folder.name == "bundle" else folder.name


def _built(card: Card) -> tuple[TranslationModel, DensityRatios | None]:
    ratios = card.architecture.build_ratios() if card.architecture.discriminator else None
    return card.architecture.build_model(card.domains, card.one_way), ratios


def _networks(model: TranslationModel, ratios: DensityRatios | None) -> nn.ModuleDict:
    named = {
        "x_given_z": model.x_given_z,
        "z_given_x": model.z_given_x,
        "ratio_latent": ratios and ratios.latent,
        "ratio_observed": ratios and ratios.observed,
    }
    return nn.ModuleDict({name: network for name, network in named.items() if network is not None})


def _stored(tensors: Mapping[str, Tensor], dtype: torch.dtype) -> dict[str, Tensor]:
    stored = {}
    for name, tensor in tensors.items():
        converted = tensor.detach().to("cpu", dtype if tensor.is_floating_point() else None)
        stored[name] = _finite(name, converted).contiguous()
    return stored


def _shards(tensors: Mapping[str, Tensor], max_bytes: int) -> Iterator[tuple[str, dict[str, Tensor]]]:
    """Each file's network and tensors: a network's own, in order, as many as fit."""
    for network, names in groupby(tensors, key=lambda name: name.split(".")[0]):
        shard: dict[str, Tensor] = {}
        for name in names:
            if shard and sum(tensor.nbytes for tensor in (*shard.values(), tensors[name])) > max_bytes:
                yield network, shard
                shard = {}
            shard[name] = tensors[name]
        yield network, shard


def _read_tensors(path: Path, sha256: str) -> dict[str, Tensor]:
    """Nothing is parsed before the file is known to be the one that the card names."""
    data = read_file(path)
    refuse_pickle(path, data)
    if hashlib.sha256(data).hexdigest() != sha256:
        raise DigestMismatch(f"{path.name} is not the file that the card names: its sha256 differs")
    try:
        return safetensors.torch.load(data)
    except (SafetensorError, KeyError) as error:
        raise CorruptWeights(f"{path.name}: {error}") from error


def _matched(tensors: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors as the networks want them. Raises WeightsMismatch, CorruptWeights."""
    given, wanted = ({name: _form(tensor) for name, tensor in state.items()} for state in (tensors, expected))
    faults = [
        f"{name} is {given.get(name, 'missing')} where {wanted.get(name, 'nothing')} belongs"
        for name in sorted(given.keys() | wanted.keys())
        if given.get(name) != wanted.get(name)
    ]
    if faults:
        raise WeightsMismatch(f"{len(faults)} tensors do not fit: {'; '.join(faults[:5])}")
    return {name: _finite(name, tensor.to(expected[name].dtype)) for name, tensor in tensors.items()}


def _form(tensor: Tensor) -> str:
    return f"{'float' if tensor.is_floating_point() else tensor.dtype} {list(tensor.shape)}"


def _finite(name: str, tensor: Tensor) -> Tensor:
    if not tensor.isfinite().all():
        raise CorruptWeights(f"{name} has weights that are not finite in {tensor.dtype}")
    return tensor
