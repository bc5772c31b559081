"""The recipe: one typed, validated training configuration."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator, model_validator

from training.augmentation import CROPS
from training.courses import Course, Share, WeightCourse
from training.objective.augmentation import AUGMENTATIONS
from training.objective.divergences import GENERATOR_LOSSES, LEAST_SQUARES, RATIO_LOSSES
from training.objective.joints import RatioNoise
from training.objective.likelihoods import Reduction
from training.objective.presets import PRESETS
from training.objective.sjmvi import Weights
from translation.architecture import Architecture


def _one_of(table: Mapping[str, object], default: str | None, description: str) -> Any:  # noqa: ANN401
    """A field that names a row; absent where its default is None. In the schema, a choice."""
    names: list[JsonValue] = [*table] if default else [*table, None]
    return Field(default, description=description, json_schema_extra={"enum": names})


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class DataRecipe(_Section):
    """What a picture goes through on its way to the networks."""

    size: int = Field(256, ge=16, le=2048, multiple_of=4, description="side of the training pictures, pixels")
    load_size: int = Field(286, ge=16, le=4096, description="short side before the random crop, pixels")
    crop: str = _one_of(CROPS, "random", "how a square view is cut from the picture")
    horizontal_flip: float = Field(0.5, ge=0, le=1, description="probability that a view is mirrored")
    colour_jitter: float = Field(
        0.0, ge=0, le=1, description="largest relative change of brightness, contrast, saturation; 0 is off"
    )
    validation_share: float = Field(0.1, gt=0, lt=1, description="of the training pictures, cut by hash")
    cache_bytes: int = Field(4 << 30, ge=0, description="memory for decoded pictures, bytes")
    workers: int = Field(2, ge=0, le=64, description="loader threads")

    _crop = field_validator("crop")(lambda name: _member(name, CROPS))

    @model_validator(mode="after")
    def _views_fit(self) -> Self:
        if self.load_size < self.size:
            raise ValueError(f"load_size {self.load_size} is smaller than the views cut from it, {self.size}")
        return self


class ObjectiveRecipe(_Section):
    """A preset, and what departs from it (absent: as the preset says)."""

    preset: str = _one_of(PRESETS, "paper-gan", "a row of the table of objectives")
    divergence: str | None = _one_of(
        RATIO_LOSSES, None, "the f-divergence, or least squares, that the ratios are learned by"
    )
    generator_loss: str | None = _one_of(GENERATOR_LOSSES, None, "what the maps make of a log ratio")
    noise: Annotated[float, Field(ge=0)] | Literal["model"] | None = Field(
        None, description='"model" or a number on the scale of [-1, 1]'
    )
    ratio_noise: RatioNoise | None = Field(
        None, description="whether the ratios see the noise on draws and references, on draws, or not"
    )
    conditioning: Share | WeightCourse | None = Field(
        None, description="lambda_c: 1 is the paper, 0 CycleGAN; or [share of the steps, lambda_c] pairs"
    )
    likelihood_course: Course | None = Field(
        None, description="[share of the steps, factor] pairs, on weights.nell and weights.nelp"
    )
    code_course: Course | None = Field(None, description="the same, on weights.code")
    scale_course: Course | None = Field(None, description="the same, each the fixed output scale itself")
    reach: Share | WeightCourse = Field(
        1.0, description="share of the likelihoods' gradient for the map that drew, or [share, reach] pairs"
    )
    reduction: Reduction = Field("mean", description="of a likelihood over a picture's values")
    weights: Weights = Field(Weights(), description="what each term counts for")
    augmentation: tuple[str, ...] = Field(
        (),
        description="of what ratios see: any of colour, translation, cutout; for small sets of pictures",
        json_schema_extra={"items": {"type": "string", "enum": [*AUGMENTATIONS]}},
    )
    augmentation_probability: float = Field(
        1.0, gt=0, le=1, description="share of rows that each one changes"
    )

    @field_validator("scale_course")
    @classmethod
    def _scales(cls, course: Course | None) -> Course | None:
        if course and not all(scale for _, scale in course):
            raise ValueError("an output scale is more than 0")
        return course

    _preset = field_validator("preset")(lambda name: _member(name, PRESETS))
    _divergence = field_validator("divergence")(lambda name: _member(name, RATIO_LOSSES))
    _generator_loss = field_validator("generator_loss")(lambda name: _member(name, GENERATOR_LOSSES))

    code_augmentation: tuple[str, ...] = Field(
        (),
        description="what weights.code_recovery tells codes through; colour: codes that only shade are lost",
    )

    @field_validator("augmentation", "code_augmentation", mode="before")
    @classmethod
    def _augmentation(cls, names: object) -> object:
        """A list, or names with commas between, as --set gives them."""
        listed = [name.strip() for name in names.split(",") if name] if isinstance(names, str) else names
        for name in listed if isinstance(listed, (list, tuple)) else ():
            _member(name, AUGMENTATIONS)
        return listed

    @model_validator(mode="after")
    def _log_ratios_are_asked_for_where_they_are(self) -> Self:
        preset = PRESETS[self.preset]
        names = {self.divergence or preset.divergence, self.generator_loss or preset.generator_loss}
        if LEAST_SQUARES in names and len(names) > 1:
            raise ValueError(
                f"divergence and generator_loss are {LEAST_SQUARES} both, or neither: the one learns no log "
                "ratio, and the other asks for none"
            )
        return self

    @field_validator("weights")
    @classmethod
    def _weights(cls, weights: Weights) -> Weights:
        for name, weight in vars(weights).items():
            if weight < 0:
                raise ValueError(f"{name} is {weight}, less than 0")
        return weights


Beta = Annotated[float, Field(ge=0, lt=1)]


class OptimisationRecipe(_Section):
    """Adam for the maps and for the ratios (Kingma and Ba, 2015), with Zhu et al.'s linear decay."""

    maps_rate: float = Field(2e-4, gt=0, description="learning rate of generators and noise encoders")
    ratios_rate: float = Field(2e-4, gt=0, description="learning rate of the log-ratio networks")
    betas: tuple[Beta, Beta] = Field((0.5, 0.999), description="decay of Adam's two moments")
    decay_from: float = Field(0.5, ge=0, le=1, description="share of the steps before the linear decay to 0")
    clip_norm: float = Field(10.0, gt=0, description="largest gradient norm of maps and of ratios")
    ratio_steps: int = Field(1, ge=1, le=16, description="ratio updates for each update of the maps")
    replay_pairs: int = Field(
        0, ge=0, le=1_000, description="past draws that ratios go on learning from, for each joint; 0 is off"
    )
    gradient_penalty: float = Field(0.0, ge=0, description="R1 on references; 0 is off")
    gradient_penalty_every: int = Field(16, ge=1, description="steps from one penalty to the next")


class TrainingRecipe(_Section):
    """How long, how often, from what."""

    steps: int = Field(200_000, ge=1, description="updates of the maps")
    batch_size: int = Field(1, ge=1, description="pairs a step, of all processes together")
    micro_batch: int | None = Field(
        None, ge=1, description="pairs held at once, the gradient being the batch's; absent: all"
    )
    activation_checkpointing: bool = Field(False, description="blocks computed twice: less memory held")
    compile: bool = Field(False, description="generators by torch.compile; minutes at the start")
    seed: int = Field(0, ge=0, lt=2**63, description="of weights, draws and views")
    ema_decay: float = Field(
        0.999, ge=0, lt=1, description="a step, of the averaged maps in the bundle, once it has had many"
    )
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        "auto", description="of convolutions; losses, ratios and norm statistics are float32 in any case"
    )
    start_from: Path | None = Field(None, description="a weights bundle; another discriminator starts anew")
    checkpoint_every_s: float = Field(300, gt=0, description="seconds between checkpoints")
    log_every: int = Field(50, ge=1, description="steps between lines of the log")
    grid_every: int | None = Field(None, ge=1, description="steps between sample grids; absent: an epoch")

    # the run may be resumed from another working directory
    _start_from = field_validator("start_from")(lambda path: path and path.absolute())


class EvaluationRecipe(_Section):
    """Measured on the validation split while it trains; absent features: no more than needs no network."""

    features: str | None = Field(
        None,
        description="as in `sjmvi evaluate --features`: distances, by which the best weights are chosen",
    )
    every: int | None = Field(None, ge=1, description="steps between two; absent: a tenth of them all")
    patience: int = Field(5, ge=1, description="evaluations without a better one before the log says so")

    @field_validator("features")
    @classmethod
    def _found_again(cls, features: str | None) -> str | None:
        """The run may be resumed from another working directory."""
        return features if features in (None, "inception") else str(Path(features).absolute())


class Recipe(_Section):
    """Everything a training run depends on, but for the pictures."""

    model_config = ConfigDict(title="SJMVI training recipe")

    description: str = Field("", description="what the recipe is for")
    licence: str = Field("not stated", description="of the weights; written in the card")
    data: DataRecipe = Field(DataRecipe(), description="the pictures and their views")
    model: Architecture = Field(Architecture(), description="the networks")
    objective: ObjectiveRecipe = Field(ObjectiveRecipe(), description="what is minimised")
    optimisation: OptimisationRecipe = Field(OptimisationRecipe(), description="how it is minimised")
    training: TrainingRecipe = Field(TrainingRecipe(), description="how long, how often, from what")
    evaluation: EvaluationRecipe = Field(
        EvaluationRecipe(), description="what is measured on validation along the way"
    )

    @model_validator(mode="after")
    def _objective_fits_the_model(self) -> Self:
        if self.objective.weights.code_recovery and not self.model.generator.code_size:
            raise ValueError("objective.weights.code_recovery needs codes, model.generator.code_size is 0")
        if self.objective.scale_course and self.model.generator.scale != "fixed":
            raise ValueError(
                "objective.scale_course is of fixed scales, those of model.generator.scale are learned"
            )
        return self

    @model_validator(mode="after")
    def _ratios_see_a_patch(self) -> Self:
        if self.model.discriminator is None:
            raise ValueError("model.discriminator is absent, training needs its ratios")
        smallest = self.model.discriminator.smallest_side
        if self.data.size < smallest:
            raise ValueError(
                f"data.size is {self.data.size}, model.discriminator.downsamplings needs {smallest} pixels"
            )
        return self


def recipe_schema() -> dict[str, Any]:
    """What a recipe may say, as JSON Schema; all but what one field asks of another."""
    dialect = "https://json-schema.org/draft/2020-12/schema"
    return {"$schema": dialect, **Recipe.model_json_schema()}


def _member(name: str | None, table: dict[str, Any]) -> str | None:
    if name is not None and name not in table:
        raise ValueError(f"not one of {', '.join(table)}")
    return name
