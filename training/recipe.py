"""The recipe: one typed, validated training configuration."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, field_validator, model_validator

from training.augmentation import CROPS
from training.fields import Section, member, one_of
from training.objective_recipe import ObjectiveRecipe
from translation.architecture import Architecture


class DataRecipe(Section):
    """What a picture goes through on its way to the networks."""

    size: int = Field(256, ge=16, le=2048, multiple_of=4, description="side of the training pictures, pixels")
    load_size: int | None = Field(
        None,
        ge=16,
        le=4096,
        description="short side before the crop, pixels; absent: 9/8 of size",
    )
    crop: str = one_of(CROPS, "random", "how a square view is cut from the picture")
    horizontal_flip: float = Field(0.5, ge=0, le=1, description="probability that a view is mirrored")
    colour_jitter: float = Field(
        0.0, ge=0, le=1, description="largest relative change of brightness, contrast, saturation; 0 is off"
    )
    validation_share: float = Field(0.1, gt=0, lt=1, description="of the training pictures, cut by hash")
    balance: bool = Field(
        False, description="draw pictures so that what both domains show, as sky, is as frequent in either"
    )
    cache_bytes: int = Field(4 << 30, ge=0, description="memory for decoded pictures, bytes")
    workers: int = Field(2, ge=0, le=64, description="loader threads")

    _crop = field_validator("crop")(lambda name: member(name, CROPS))

    @model_validator(mode="after")
    def _views_fit(self) -> Self:
        if self.short_side < self.size:
            raise ValueError(f"load_size {self.load_size} is smaller than the views cut from it, {self.size}")
        return self

    @property
    def short_side(self) -> int:
        """Of a picture before its view is cut, pixels."""
        return self.load_size or self.size + self.size // 8


Beta = Annotated[float, Field(ge=0, lt=1)]


class OptimisationRecipe(Section):
    """Adam for the maps and for the ratios (Kingma and Ba, 2015), with Zhu et al.'s linear decay."""

    maps_rate: float = Field(2e-4, gt=0, description="learning rate of generators and noise encoders")
    ratios_rate: float = Field(2e-4, gt=0, description="learning rate of the log-ratio networks")
    betas: tuple[Beta, Beta] = Field((0.5, 0.999), description="decay of Adam's two moments")
    decay_from: float = Field(0.5, ge=0, le=1, description="share of the steps before the linear decay to 0")
    clip_norm: float = Field(
        10.0,
        ge=0,
        description="gradient norm of maps, and of ratios, that larger ones are scaled to; 0 is off",
    )
    ratio_steps: int = Field(1, ge=1, le=16, description="ratio updates for each update of the maps")
    replay_pairs: int = Field(
        0, ge=0, le=1_000, description="past draws that ratios go on learning from, for each joint; 0 is off"
    )
    gradient_penalty: float = Field(0.0, ge=0, description="R1 on references; 0 is off")
    gradient_penalty_every: int = Field(16, ge=1, description="steps from one penalty to the next")


Precision = Literal["auto", "float32", "bfloat16"]


class TrainingRecipe(Section):
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
    precision: Precision = Field(
        "auto",
        description="of convolutions, no TF32 in float32; losses, ratios, norm statistics are always float32",
    )
    start_from: Path | None = Field(
        None, description="a weights bundle; another discriminator starts anew, but for its pixels' part"
    )
    checkpoint_every_s: float = Field(300, gt=0, description="seconds between checkpoints")
    log_every: int = Field(50, ge=1, description="steps between lines of the log")
    grid_every: int | None = Field(
        None,
        ge=1,
        description="steps between sample grids; absent: an epoch, or a 50th of them all",
    )

    # the run may be resumed from another working directory
    _start_from = field_validator("start_from")(lambda path: path and path.absolute())


class EvaluationRecipe(Section):
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


class Recipe(Section):
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
        asked = {
            "objective.weights.code_recovery": self.objective.weights.code_recovery,
            "objective.code_course": self.objective.code_course,
        }
        for name in (name for name, value in asked.items() if value and not self.model.generator.code_size):
            raise ValueError(f"{name} needs codes, model.generator.code_size is 0")
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
