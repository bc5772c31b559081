"""A bundle's card, what it says of itself, and everything that can be wrong with a bundle."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)

from translation.architecture import Architecture
from translation.codec import PREPROCESSING, preprocessing_digest
from translation.domain_score import MAX_HELD_OUT, MIN_HELD_OUT
from translation.names import NAME
from translation.seen_pictures import SeenPictures

SCHEMA_VERSION = 1
CARD = "card.json"
MAX_TRAINING_SIZE = 2048  # what the sampler works at, for a square

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


class OtherPreprocessing(InvalidBundle):
    """The networks were trained on pictures prepared in another way than this version prepares them."""


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


class Ancestor(BaseModel):
    """A bundle that a training began from. No path: it would be of one machine, and the digest says more."""

    model_config = ConfigDict(frozen=True)

    name: str
    digest: Sha256
    steps: int = Field(ge=0)


class ImportedFile(BaseModel):
    """A generator that another project trained and stored, as it was found."""

    model_config = ConfigDict(frozen=True)

    to: Domain = Field(description="what it translates to")
    file: str = Field(description="its name alone")
    sha256: Sha256
    arch: str = Field(description="what its project calls its architecture, as in resnet_9blocks")
    output: str = "tanh, in [-1, 1]"
    without: tuple[str, ...] = ("noise codes: every sample is the same picture", "density ratios")


class HeldOut(BaseModel):
    """The pictures of a domain that its domain scores are ranks among. Neither the bundle nor, as far as
    the card knows, any of its ancestors was trained on one of them."""

    model_config = ConfigDict(frozen=True)

    pictures: int = Field(ge=MIN_HELD_OUT, le=MAX_HELD_OUT)
    sha256: Sha256 = Field(description="of the sorted sha256 of the files, a line each")


class Card(BaseModel):
    """What a bundle says of itself. Fields that this version does not know are kept."""

    model_config = ConfigDict(frozen=True, extra="allow")

    schema_version: int = SCHEMA_VERSION
    domains: tuple[Domain, Domain] = Field(description="observed, latent")
    one_way: bool = Field(False, description="only the first domain is translated, to the second")
    architecture: Architecture
    training_size: int = Field(
        ge=8, le=MAX_TRAINING_SIZE, description="short side of the training pictures in pixels"
    )
    process_size: int = Field(
        default_factory=lambda told: told["training_size"],
        ge=8,
        le=MAX_TRAINING_SIZE,
        description="short side at which pictures are translated where no other is asked for",
    )
    preprocessing: dict[str, Any] = {}
    preprocessing_digest: str = Field("", description="empty where whoever wrote the card does not say")
    objective: dict[str, Any] = {}
    recipe: dict[str, Any] = {}
    data: dict[str, Any] = {}
    steps: int = Field(0, ge=0, description="since the last of the lineage")
    lineage: tuple[Ancestor, ...] = Field((), description="what the weights were before, the oldest first")
    learned: dict[Domain, SeenPictures] = Field(
        {}, description="of the lineage and the bundle; a domain that is not there is not known of"
    )
    imported: tuple[ImportedFile, ...] = Field((), description="where the weights were not trained here")
    metrics: dict[str, Any] = Field({}, description="figures, each with the protocol that gave it")
    calibration: dict[Domain, HeldOut] | None = Field(
        None, description="what domain scores are ranks among, by domain; without it there are none"
    )
    licence: str = "not stated"
    created: str = Field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    files: dict[FileName, Sha256] = {}

    @field_validator("domains")
    @classmethod
    def _two_names(cls, domains: tuple[str, str]) -> tuple[str, str]:
        if domains[0] == domains[1]:
            raise ValueError(f"both domains are named {domains[0]!r}")
        return domains

    @model_validator(mode="after")
    def _calibrates_what_it_can_judge(self) -> Self:
        calibrated = (self.calibration or {}).keys()
        if unknown := sorted(calibrated - {*self.domains}):
            raise ValueError(f"calibration is of {unknown[0]!r}, which is none of its domains")
        if not calibrated:
            return self
        if self.architecture.discriminator is None:
            raise ValueError("calibration is of log ratios, and the architecture has no discriminator")
        if self.training_size < (smallest := self.architecture.discriminator.smallest_side):
            raise ValueError(
                f"calibration is of log ratios, which judge no picture below {smallest} pixels, and "
                f"training_size is {self.training_size}"
            )
        return self

    @property
    def directions(self) -> tuple[tuple[str, str], ...]:
        """(source, target) of every translation that the bundle can make, from the first domain first."""
        observed, latent = self.domains
        return ((observed, latent),) if self.one_way else ((observed, latent), (latent, observed))

    @property
    def pair(self) -> str:
        """For people."""
        return f" {'→' if self.one_way else '⇄'} ".join(self.domains)


def read_card(folder: Path) -> tuple[Card, str]:
    """The card, without its weights, and the bundle's digest. Raises InvalidBundle."""
    if folder.is_file():
        refuse_pickle(folder, folder.read_bytes())
    data = read_file(folder / CARD)
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


def refuse_other_preprocessing(folder: Path, card: Card) -> None:
    """Raises OtherPreprocessing. A card that does not say is accepted: those of our own trainings always
    say, and the author of another one knows how the pictures were prepared."""
    if card.preprocessing_digest in ("", preprocessing_digest()):
        return
    stated = card.preprocessing
    differing = sorted(name for name in stated | PREPROCESSING if stated.get(name) != PREPROCESSING.get(name))
    raise OtherPreprocessing(
        f"{folder} was trained on pictures prepared by version {stated.get('version', 'unknown')} of the "
        f"preprocessing; this sjmvi has version {PREPROCESSING['version']}, which differs in "
        f"{', '.join(differing) or 'its digest'}: translate with the sjmvi that made it, or train it again"
    )


def refuse_pickle(path: Path, data: bytes) -> None:
    """By content: pickle from protocol 2 on, torch's zip of it, and what ends in pickle's STOP."""
    is_safetensors = data[8:9] == b"{"  # behind a length, whose bytes may open like a pickle
    if not is_safetensors and (data.startswith((b"\x80", b"PK")) or data.endswith(b".")):
        raise UnsafeWeights(
            f"{path.name} is a pickle, which can run code: only safetensors are loaded; for a generator of "
            "CycleGAN or CUT there is sjmvi weights import"
        )


def read_file(path: Path) -> bytes:
    """Raises MissingBundle."""
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
        raise MissingBundle(f"{path} is missing: {path.parent} is not a whole weights bundle") from error
