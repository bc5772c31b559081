"""A job as it is asked for, and as it is shown."""

import json
from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    FiniteFloat,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    field_validator,
)

from app.datasets.schemas import DOMAINS, Name
from app.jobs.progress import Progress
from app.jobs.states import State
from app.schemas import DEFAULT_MODEL, MAX_SAMPLES, RefuseAt, Seed, VersionName, example
from translation.sampler import MAX_PROCESS_SIZE, MIN_SIDE

JOB_ID = "019ab0c2-7a31-7c44-9a55-6f0e2d1c3b4a"
RETRY_S = 2
RECIPE = r"^[a-z0-9][a-z0-9_-]{0,63}$"
FIELD = r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$"
MAX_FIELD = 100
MAX_SET_BYTES = 50_000  # they are kept, and sent with each list of jobs; an argument may have 128 kB on Linux
MAX_MINUTES = 30 * 24 * 60
LOCAL_FILES = ("training.start_from", "evaluation.features")  # fields of a recipe that name one

Scalar: TypeAlias = bool | int | FiniteFloat | Annotated[str, Field(max_length=500)]


def _in_one_message(value: object, validate: ValidatorFunctionWrapHandler) -> Any:  # noqa: ANN401 - as it came
    """Instead of one for each of the types."""
    try:
        return validate(value)
    except ValidationError:
        raise ValueError(
            "should be true or false, a number, a text of 500 characters at most, or a list of such"
        ) from None


def _describe_names(schema: dict[str, Any]) -> None:
    """What is said of keys in a pattern, a schema takes for said of those alone that fit it."""
    (values,) = schema.pop("patternProperties").values()
    names = {"pattern": FIELD, "maxLength": MAX_FIELD, "not": {"enum": list(LOCAL_FILES)}}
    schema.update(additionalProperties=values, propertyNames=names)


Value = Annotated[Scalar | list[Scalar | list[Scalar]], WrapValidator(_in_one_message)]
Overrides = Annotated[
    dict[Annotated[str, Field(pattern=FIELD, max_length=MAX_FIELD)], Value],
    Field(max_length=100, json_schema_extra=_describe_names),
]
Version = Annotated[
    VersionName | None,
    Field(description="of the model; the one in use when absent, and the job keeps to it to its end"),
]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TrainRequest(_Request):
    """Train a model on a pair, and publish its bundle."""

    model_config = example(
        {"kind": "train", "dataset": "ellipses", "model": "ellipses", "set": {"training.steps": 3000}}
    )

    kind: Literal["train"]
    dataset: Name = Field(description="a pair of GET /v1/datasets", examples=["ellipses"])
    model: Name = Field(description="what the bundle is published as", examples=["ellipses"])
    recipe: str = Field("quick", pattern=RECIPE, description="a shipped recipe's name")
    set: Overrides = Field(
        {},
        description="a recipe's values, as `sjmvi train --schema` describes them; "
        f"{MAX_SET_BYTES} bytes of JSON at most",
    )
    minutes: float | None = Field(
        None,
        gt=0,
        le=MAX_MINUTES,
        description="about how long the steps take, by the machine's pace; in place of any training.steps",
    )
    domains: Annotated[str, Field(pattern=DOMAINS)] | None = Field(
        None, description="other names for the dataset's domains, as in horse,zebra"
    )
    activate: bool = Field(False, description="use the new version at once where there is one of this name")

    @field_validator("set")
    @classmethod
    def _no_files(cls, overrides: Overrides) -> Overrides:
        for field in LOCAL_FILES:
            if field in overrides:
                raise ValueError(f"may not have {field}, which names a file of the service's machine")
        return overrides

    @field_validator("set")
    @classmethod
    def _not_too_large(cls, overrides: Overrides) -> Overrides:
        if (size := len(json.dumps(overrides))) > MAX_SET_BYTES:
            raise ValueError(f"takes {size} bytes as JSON: {MAX_SET_BYTES} at most")
        return overrides


class TranslateRequest(_Request):
    """Translate a single, or the source domain of a pair; the result is a zip of pictures and report."""

    model_config = example(
        {"kind": "translate", "dataset": "photos", "model": "horse2zebra", "to": "zebra", "samples": 4}
    )

    kind: Literal["translate"]
    dataset: Name = Field(description="a single or a pair of GET /v1/datasets", examples=["photos"])
    to: str = Field(
        min_length=1, max_length=200, description="the domain to translate to", examples=["zebra"]
    )
    model: Name | None = Field(None, description=f"a name from GET /v1/models; {DEFAULT_MODEL}")
    version: Version = None
    samples: int = Field(1, ge=1, le=MAX_SAMPLES, description="translations of each picture")
    seed: Seed | None = Field(None, description="fixes the draws; drawn and shown when absent")
    temperature: float = Field(1.0, ge=0, le=2, allow_inf_nan=False, description="scales the noise code")
    size: Annotated[int, Field(ge=MIN_SIDE, le=MAX_PROCESS_SIZE)] | Literal["native"] | None = Field(
        None, description="the short side in pixels at which the model works, as for POST /v1/translations"
    )
    refuse_at: RefuseAt = 0.0
    format: Literal["jpeg", "png", "webp", "avif", "bmp", "tiff", "gif"] | None = Field(
        None, description="of the translations; each picture's own when absent"
    )


class EvaluateRequest(_Request):
    """Measure a model on the test pictures of a pair, both ways."""

    model_config = example({"kind": "evaluate", "dataset": "ellipses", "model": "ellipses", "seeds": 3})

    kind: Literal["evaluate"]
    dataset: Name = Field(description="a pair of GET /v1/datasets", examples=["ellipses"])
    model: Name = Field(description="a name from GET /v1/models", examples=["ellipses"])
    version: Version = None
    seeds: int = Field(1, ge=1, le=100, description="how many, from 0")
    samples: int = Field(10, ge=2, le=64, description="of one input, for the diversity")
    inputs: int = Field(30, ge=2, le=10_000, description="pictures whose samples and structure are looked at")
    size: Annotated[int, Field(ge=8, le=2048)] | None = Field(
        None, description="bring all pictures to this short side first, in pixels"
    )
    classes: dict[Annotated[str, Field(max_length=64)], Annotated[int, Field(ge=0)]] = Field(
        {}, description="the feature network's class of each domain", max_length=2
    )


class ExportRequest(_Request):
    """Write a model for programs that know nothing of this project, a file each direction."""

    model_config = example({"kind": "export", "model": "horse2zebra", "format": "onnx"})

    kind: Literal["export"]
    model: Name = Field(description="a name from GET /v1/models", examples=["horse2zebra"])
    version: Version = None
    format: Literal["onnx", "torch"] = Field("onnx", description="ONNX, or torch.export's archive")


_AnyOrder = TrainRequest | TranslateRequest | EvaluateRequest | ExportRequest
JobRequest = Annotated[_AnyOrder, Field(discriminator="kind")]


class JobFault(BaseModel):
    type: str = Field(description="stable, as the types of problems are")
    detail: str


class JobLinks(BaseModel):
    self: str
    events: str
    log: str
    samples: str | None = Field(None, description="of a training")
    evaluations: str | None = Field(None, description="of a training")
    pictures: str | None = Field(None, description="of a translation of a dataset")
    result: str | None = Field(
        None, description="null of a job that is over and has none, or has it no longer"
    )


EXAMPLE: dict[str, Any] = {
    **{"id": JOB_ID, "kind": "train", "state": "running", "attempt": 1},
    "params": {"dataset": "ellipses", "model": "ellipses", "recipe": "quick", "set": {}},
    "progress": {
        **{"done": 600, "total": 1500, "unit": "steps", "epoch": 16.0, "images_per_s": 22.5, "left_s": 320.0},
        "terms": {"nell": -0.59, "nelp": 0.35, "kl_latent": -0.1, "kl_observed": 0.05},
        "sample": f"/v1/jobs/{JOB_ID}/samples/000600.png",
    },
    **{"created": "2026-11-20T09:41:00Z", "started": "2026-11-20T09:41:01Z"},
    "links": {
        "self": f"/v1/jobs/{JOB_ID}",
        **{name: f"/v1/jobs/{JOB_ID}/{name}" for name in ("events", "log", "samples", "evaluations")},
        **{"pictures": None, "result": f"/v1/jobs/{JOB_ID}/result"},
    },
}


class JobDetails(BaseModel):
    model_config = example(EXAMPLE)

    id: str = Field(description="a UUID of version 7: later jobs have larger ones")
    kind: str
    state: State
    wanted: State | None = Field(
        None, description="paused or cancelled, as was asked for, until its worker has brought it there"
    )
    attempt: int = Field(description="how often it was started")
    params: dict[str, Any] = Field(description="what was asked for")
    progress: Progress | None = None
    result: dict[str, Any] | None = Field(None, description="what came of it; links.result has the files")
    error: JobFault | None = Field(None, description="why it failed")
    created: datetime
    started: datetime | None = Field(None, description="the first time")
    finished: datetime | None = None
    links: JobLinks


class JobPage(BaseModel):
    model_config = example({"jobs": [EXAMPLE], "next_cursor": JOB_ID})

    jobs: list[JobDetails] = Field(description="the newest first")
    next_cursor: str | None = Field(None, description="the `cursor` of the next page; null on the last")


class Sample(BaseModel):
    step: int
    url: str


class Samples(BaseModel):
    model_config = example({"samples": [{"step": 600, "url": f"/v1/jobs/{JOB_ID}/samples/000600.png"}]})

    samples: list[Sample] = Field(description="the sample grids of a training, the oldest first")


LOCATION = {"Location": {"description": "the job's path", "schema": {"type": "string"}}}
RETRY = {"Retry-After": {"description": "seconds, while it is not over", "schema": {"type": "integer"}}}
ACCEPTED: dict[str, Any] = {
    "model": JobDetails,
    "description": "It waits for a worker.",
    "headers": {**LOCATION, **RETRY},
}
