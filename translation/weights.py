"""The weights bundle: a folder that holds everything needed to translate both ways and to judge the results.

    card.json                          what the model is, and the sha256 of every file beside it
    x_given_z.<hash>.safetensors       the map to x, and z_given_x the map to z; over 40 MB in several files
    ratio_latent.<hash>.safetensors    the log-ratio network that judges z, and ratio_observed that judges x

Nothing in it is ever executed: pickle is refused by its content, whatever its name. The hashes in the names
make saving atomic: new weights never touch the old ones, and the card that names them is replaced last.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any

import safetensors.torch
import torch
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, field_validator
from safetensors import SafetensorError
from torch import Tensor, nn

from translation.architecture import Architecture
from translation.durable import replacing
from translation.model import DensityRatios, TranslationModel

SCHEMA_VERSION = 1
CARD = "card.json"
MAX_SHARD_BYTES = 40_000_000

NAME = r"[a-z0-9][a-z0-9._-]{0,63}"  # of a domain, and of a bundle: safe in a path, a query and a header
Domain = Annotated[str, StringConstraints(pattern=f"^{NAME}$")]
# The name from a stranger's card must not lead out of the folder
FileName = Annotated[str, StringConstraints(pattern=r"^\w[\w.-]{0,127}$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class InvalidBundle(ValueError):
    """Not a weights bundle, or not one to trust."""


class MissingBundle(InvalidBundle):
    """The card, or a file that it names, is not there."""


class UnknownSchema(InvalidBundle):
    """The card was written by another version of this project."""


class UnsafeWeights(InvalidBundle):
    """A file that could run code where it is loaded."""


class DigestMismatch(InvalidBundle):
    """Not the file that the card was written for."""


class CorruptWeights(InvalidBundle):
    """A file that is not whole, or a weight that is not finite."""


class WeightsMismatch(InvalidBundle):
    """Not the tensors of the card's architecture."""


class _Schema(BaseModel):
    schema_version: int


class Card(BaseModel):
    """What a bundle says of itself. Fields that this version does not know are kept."""

    model_config = ConfigDict(frozen=True, extra="allow")

    schema_version: int = SCHEMA_VERSION
    domains: tuple[Domain, Domain] = Field(description="observed, latent")
    architecture: Architecture
    training_size: int = Field(ge=8, description="short side of the training pictures in pixels")
    preprocessing: dict[str, Any] = {}
    preprocessing_digest: str = ""
    objective: dict[str, Any] = {}
    recipe: dict[str, Any] = {}
    data: dict[str, Any] = {}
    steps: int = Field(0, ge=0)
    metrics: dict[str, Any] = Field({}, description="figures, each with the protocol that gave it")
    calibration: dict[str, Any] | None = None
    licence: str = "not stated"
    created: str = Field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    files: dict[FileName, Sha256] = {}

    @field_validator("domains")
    @classmethod
    def _two_names(cls, domains: tuple[str, str]) -> tuple[str, str]:
        if domains[0] == domains[1]:
            raise ValueError(f"both domains are named {domains[0]!r}")
        return domains


@dataclass(frozen=True)
class Bundle:
    """A loaded bundle. `digest` is the sha256 of card.json, which holds those of all other files."""

    card: Card
    model: TranslationModel
    ratios: DensityRatios
    digest: str


def save_bundle(
    folder: Path,
    model: TranslationModel,
    ratios: DensityRatios,
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
    tensors: dict[str, Tensor] = {}
    for name, sha256 in card.files.items():
        shard = _read_tensors(folder / name, sha256)
        if twice := tensors.keys() & shard.keys():
            raise WeightsMismatch(f"{name} repeats {min(twice)}")
        tensors |= shard
    model, ratios = card.architecture.build_model(card.domains), card.architecture.build_ratios()
    networks = _networks(model, ratios)
    networks.load_state_dict(_matched(tensors, networks.state_dict()))
    return Bundle(card, model.eval().to(device), ratios.eval().to(device), digest)


def read_card(folder: Path) -> tuple[Card, str]:
    """The card, without its weights, and the bundle's digest. Raises InvalidBundle."""
    if folder.is_file():
        _refuse_pickle(folder, folder.read_bytes())
    data = _read(folder / CARD)
    try:
        version = _Schema.model_validate_json(data).schema_version
        if version == SCHEMA_VERSION:
            return Card.model_validate_json(data), hashlib.sha256(data).hexdigest()
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(map(str, fault["loc"]))
        raise InvalidBundle(f"{folder / CARD} is not a card: {where} {fault['msg']}") from error
    raise UnknownSchema(
        f"{folder / CARD} has schema version {version}, known is {SCHEMA_VERSION}: upgrade sjmvi"
    )


def _networks(model: TranslationModel, ratios: DensityRatios) -> nn.ModuleDict:
    return nn.ModuleDict(
        {
            "x_given_z": model.x_given_z,
            "z_given_x": model.z_given_x,
            "ratio_latent": ratios.latent,
            "ratio_observed": ratios.observed,
        }
    )


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
    data = _read(path)
    _refuse_pickle(path, data)
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


def _refuse_pickle(path: Path, data: bytes) -> None:
    """By content: pickle from protocol 2 on, torch's zip of it, and what ends in pickle's STOP."""
    is_safetensors = data[8:9] == b"{"  # behind a length, whose bytes may open like a pickle
    if not is_safetensors and (data.startswith((b"\x80", b"PK")) or data.endswith(b".")):
        raise UnsafeWeights(f"{path.name} is a pickle, which can run code: only safetensors are loaded")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
        raise MissingBundle(f"{path} is missing: {path.parent} is not a whole weights bundle") from error
