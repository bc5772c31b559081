"""What goes in and out over HTTP, validated and described in one place."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.negotiation import PICTURES
from translation.sampler import MAX_PROCESS_SIZE, MIN_SIDE

MAX_SAMPLES = 16
MAX_SEED = 2**63 - 1
DEFAULT_MODEL = "when absent, the first by name that could be loaded"

DIGEST = "6f1c0f" + 58 * "0"
SUMMARY = {
    "name": "horse2zebra",
    "version": DIGEST[:16],
    "domains": ["horse", "zebra"],
    "training_size": 128,
    "process_size": 160,
    "directions": [{"source": "horse", "to": "zebra"}, {"source": "zebra", "to": "horse"}],
    "digest": DIGEST,
    "licence": "non-commercial research: trained on horse2zebra, which is drawn from ImageNet",
}
LIMITS = {
    **{"max_body_bytes": 20_000_000, "max_pixels": 64_000_000, "max_side": 16_384, "min_side": 8},
    **{"max_aspect": 32, "max_samples": MAX_SAMPLES, "max_seed": MAX_SEED, "max_output_pixels": 256_000_000},
    **{
        "rate_limit": "300/minute",
        "max_queue": 16,
        "max_unfinished_jobs": 100,
        "max_dataset_upload_bytes": 2_000_000_000,
        "max_dataset_bytes": 4_000_000_000,
        "max_dataset_entry_bytes": 100_000_000,
        "max_dataset_entries": 100_000,
        "max_datasets_bytes": 50_000_000_000,
        "max_bundle_bytes": 2_000_000_000,
        "timeout_s": 120.0,
        "input_formats": ["JPEG", "PNG"],
        "output_formats": ["png"],
    },
    **{"max_results_bytes": 2_000_000_000, "max_results_age_days": 7.0},
}


def example(value: dict[str, Any]) -> ConfigDict:
    """For the description of the API, which a test holds against the model."""
    return ConfigDict(json_schema_extra={"examples": [value]})


Seed = Annotated[int, Field(ge=0, le=MAX_SEED)]
RefuseAt = Annotated[
    float,
    Field(
        ge=0,
        le=1,
        allow_inf_nan=False,
        description="refuse pictures of this domain score or less, and so about this share of the domain's",
    ),
]
VersionName = Annotated[
    str, Field(min_length=1, max_length=64, description="as GET .../versions has it", examples=[DIGEST[:16]])
]


class TranslationParameters(BaseModel):
    """Of POST /v1/translations: in the query, or as fields of the form."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    to: str = Field(
        min_length=1, description="the domain to translate to, as GET /v1/models says", examples=["zebra"]
    )
    model: str | None = Field(None, description=f"a name from GET /v1/models; {DEFAULT_MODEL}")
    version: VersionName | None = Field(
        None, description="of the model, from GET /v1/models/{name}/versions; the one in use when absent"
    )
    samples: int = Field(1, ge=1, le=MAX_SAMPLES, description="draws of the noise code, a picture each")
    seed: Seed | None = Field(None, description="fixes the draws; drawn and returned when absent")
    temperature: float = Field(
        1.0, ge=0, le=2, allow_inf_nan=False, description="scales the noise code; 0 gives the mean picture"
    )
    format: Literal["png", "webp", "jpeg", "avif"] | None = Field(
        None,
        description="of the pictures; by Accept, and PNG, when absent. WebP holds 16383 pixels a side",
    )
    frame: int | None = Field(
        None,
        ge=0,
        description="of an animated file, counted from 0, one of the first thousand; without it such a file "
        "is refused. With those that it is drawn over it may have four times max_pixels",
    )
    size: Annotated[int, Field(ge=MIN_SIDE, le=MAX_PROCESS_SIZE)] | Literal["native"] | None = Field(
        None,
        description="the short side in pixels at which the model works: what it is best at when absent, "
        "the picture's own when native; the answer has the picture's own size always",
    )
    refuse_at: RefuseAt = 0.0
    embed_metadata: bool = Field(
        True,
        description="the files say how they were made: model and digest, direction, seed, sample, "
        "temperature, working size, frame, padded batch, software; as PNG text, or XMP. Of what the upload "
        "says of itself they never hold anything",
    )


class Direction(BaseModel):
    source: str
    to: str


class TranslatedPicture(BaseModel):
    index: int = Field(description="of the sample: the noise is a function of seed and index")
    url: str = Field(description="the stored picture, relative to this answer: GET /v1/results/{sha256}")
    sha256: str = Field(description="of the picture's bytes")
    media_type: str
    size: list[int] = Field(min_length=2, max_length=2, description="width and height in pixels")
    bytes: int


class SpreadMap(BaseModel):
    """How far the samples lie apart, at the size at which the model worked."""

    mean: float = Field(description="standard deviation of a pixel over the samples, grey levels")
    url: str = Field(
        description="a grey PNG, relative to this answer: twice each pixel's standard deviation, 255 at most"
    )
    sha256: str
    size: list[int] = Field(min_length=2, max_length=2, description="width and height in pixels")


class TranslationAnswer(BaseModel):
    """The receipt, and a link to each picture. Links last for a time, see GET /v1/limits."""

    model_config = example(
        {
            **{"model": "horse2zebra", "version": DIGEST[:16], "digest": DIGEST},
            **{"direction": {"source": "horse", "to": "zebra"}, "seed": 7},
            **{"temperature": 1.0, "working_size": [171, 128], "frame": 0},
            **{"padded_batch": 2, "domain_score": 0.42},
            "pictures": [
                {
                    **{"index": index, "url": f"/v1/results/{DIGEST}", "sha256": DIGEST},
                    **{"media_type": "image/png", "size": [640, 480], "bytes": 403_512},
                }
                for index in (0, 1)
            ],
            "spread": {"mean": 1.3, "url": f"/v1/results/{DIGEST}", "sha256": DIGEST, "size": [171, 128]},
        }
    )

    model: str
    version: str = Field(description="of the model: the first digits of the digest")
    digest: str = Field(description="sha256 of the model's card, which holds those of its weights")
    direction: Direction
    seed: int
    temperature: float
    working_size: list[int] = Field(
        min_length=2,
        max_length=2,
        description="width and height in pixels at which the model worked: the shorter, as size, "
        "brings the same pictures back",
    )
    frame: int | None = Field(description="of the upload, where one was named")
    padded_batch: int
    domain_score: float | None = Field(
        description="how much at home the upload is in the source domain: the share of held-out pictures of "
        "it, and of itself, that look no more so, from 1 / (n + 1) to 1; null where the model's card has no "
        "calibration of that domain, or where size lets in what is too large for the training size"
    )
    pictures: list[TranslatedPicture]
    spread: SpreadMap | None = Field(description="of several samples; null of a single one")


class ModelSummary(BaseModel):
    name: str
    version: str = Field(description="the first digits of its digest")
    domains: list[str] = Field(min_length=2, max_length=2)
    directions: list[Direction] = Field(description="the translations that it makes: both ways, or one")
    training_size: int = Field(description="the short side of the training pictures in pixels")
    process_size: int = Field(description="the short side at which it works unless it is asked for another")
    digest: str
    licence: str


class Models(BaseModel):
    model_config = example({"models": [SUMMARY]})

    models: list[ModelSummary]


class ModelDetails(ModelSummary):
    model_config = example({**SUMMARY, "card": {"schema_version": 1, "training_size": 128, "steps": 6700}})

    card: dict[str, Any]


class Limits(BaseModel):
    model_config = example(LIMITS)

    max_body_bytes: int
    max_pixels: int
    max_side: int
    min_side: int
    max_aspect: int
    max_samples: int = MAX_SAMPLES
    max_seed: int = MAX_SEED
    max_output_pixels: int
    max_queue: int
    max_unfinished_jobs: int = Field(
        description="of one key, or of all callers without one, that are not over"
    )
    rate_limit: str = Field(
        description="calls of a key, or of an address without one, but loopback's; 0: any"
    )
    max_dataset_upload_bytes: int
    max_dataset_bytes: int
    max_dataset_entry_bytes: int
    max_dataset_entries: int
    max_datasets_bytes: int
    max_bundle_bytes: int
    timeout_s: float
    max_results_bytes: int
    max_results_age_days: float
    input_formats: list[str]
    output_formats: list[str] = list(PICTURES)


class Discovery(BaseModel):
    model_config = example(
        {
            **{"version": "0.1.0", "device": "CPU, 2 threads"},
            **{"links": {"models": "/v1/models"}, "limits": LIMITS},
        }
    )

    name: str = "sjmvi"
    version: str
    device: str = Field(description="what the models run on, in words")
    links: dict[str, str]
    limits: Limits


class Health(BaseModel):
    model_config = example({"status": "ready"})

    status: Literal["alive", "ready"]
