"""The recipe's objective: a preset, and what departs from it."""

from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from training.courses import Course, Share, WeightCourse
from training.fields import Section, member, one_of
from training.objective.augmentation import AUGMENTATIONS
from training.objective.divergences import GENERATOR_LOSSES, LEAST_SQUARES, RATIO_LOSSES
from training.objective.joints import RatioNoise
from training.objective.likelihoods import Reduction
from training.objective.presets import PRESETS
from training.objective.sjmvi import Weights, weight_of


@dataclass(frozen=True)
class RecipeWeights(Weights):
    """Fit for likelihoods that are averaged, as a recipe's are unless it says otherwise."""

    code: float = weight_of(
        "KL of the codes that the noise encoders infer, of a whole picture: beside likelihoods averaged over "
        "its values (reduction mean) codes die of 1; with reduction sum, 1 is the paper",
        default=0.02,
    )


class ObjectiveRecipe(Section):
    """A preset, and what departs from it (absent: as the preset says).

    Likelihoods are averaged unless `reduction` is "sum", which is the paper. Weights says what that makes of
    equal weights; implied_scale and implied_code_weight in a bundle's card say what a recipe's amount to.
    """

    preset: str = one_of(PRESETS, "paper-gan", "a row of the table of objectives")
    divergence: str | None = one_of(
        RATIO_LOSSES, None, "the f-divergence, or least squares, that the ratios are learned by"
    )
    generator_loss: str | None = one_of(GENERATOR_LOSSES, None, "what the maps make of a log ratio")
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
    reduction: Reduction = Field(
        "mean",
        description="of a likelihood over a picture's values: sum is the paper; beside an averaged one codes "
        "count for as many times more as a picture has values",
    )
    weights: RecipeWeights = Field(
        RecipeWeights(), description="what each term counts for; all 1, with reduction sum, is the paper"
    )
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

    _preset = field_validator("preset")(lambda name: member(name, PRESETS))
    _divergence = field_validator("divergence")(lambda name: member(name, RATIO_LOSSES))
    _generator_loss = field_validator("generator_loss")(lambda name: member(name, GENERATOR_LOSSES))

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
            member(name, AUGMENTATIONS)
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

    @model_validator(mode="after")
    def _nothing_is_passed_over(self) -> Self:
        if self.code_augmentation and not self.weights.code_recovery:
            raise ValueError("code_augmentation is what weights.code_recovery looks through, and that is 0")
        if self.augmentation_probability < 1 and not self.augmentation:
            raise ValueError("augmentation_probability is that of augmentation, and there is none")
        return self

    @field_validator("weights")
    @classmethod
    def _weights(cls, weights: RecipeWeights) -> RecipeWeights:
        for name, weight in vars(weights).items():
            if weight < 0:
                raise ValueError(f"{name} is {weight}, less than 0")
        return weights
