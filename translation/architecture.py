"""What a bundle's card says of its networks, and the networks made from it."""

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from translation.discriminators import DISCRIMINATORS
from translation.distributions import DistributionName, ScaleName
from translation.generators import GENERATORS
from translation.generators.deterministic import DownName, UpName
from translation.generators.noise import NoiseEncoder
from translation.model import DensityRatios, StochasticMap, TranslationModel


def _named_unless_said(name: str) -> BeforeValidator:
    """The member that a card or a recipe means when it names none."""

    def named(fields: Any) -> Any:  # noqa: ANN401 - not validated yet
        return {"name": name, **fields} if isinstance(fields, dict) else fields

    return BeforeValidator(named)


class StochasticResNetArchitecture(BaseModel):
    """Arguments of the "resnet" and "antialiased-resnet" of GENERATORS. "resnet" is meant where a card or a
    recipe gives no name."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: Literal["resnet", "antialiased-resnet"] = Field(
        "resnet", description="a member of GENERATORS; antialiased: blurs before its strides"
    )
    width: int = Field(64, ge=1, le=512, description="features at full resolution")
    blocks: int = Field(9, ge=0, le=32, description="residual blocks; 9 at 256 pixels, 6 below")
    code_size: int = Field(8, ge=0, le=256, description="numbers in the noise code; 0 is deterministic")
    distribution: DistributionName = Field("laplace", description="of a pixel, around the mean")
    scale: ScaleName = Field(
        "fixed", description="of that distribution: fixed, learned, or learned per pixel"
    )
    initial_scale: float = Field(0.1, gt=0, description="the scale at the start, in pixel values of [-1, 1]")
    copy_gate: bool = Field(True, description="blend what is painted with the source, pixel by pixel")
    copy_shift: int = Field(
        0, ge=0, le=256, description="pixels that what is copied may be moved by; 0: it stays in place"
    )

    @model_validator(mode="after")
    def _shifts_what_it_copies(self) -> Self:
        if self.copy_shift and not self.copy_gate:
            raise ValueError("copy_shift moves what is copied: it takes copy_gate=true, or 0")
        return self


class DeterministicResNetArchitecture(BaseModel):
    """Arguments of the "deterministic-resnet" of GENERATORS."""

    # a generator without a name is a "resnet": a schema must not take it for this one as well
    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, json_schema_extra={"required": ["name"]}
    )
    code_size: ClassVar[int] = 0

    name: Literal["deterministic-resnet"] = Field(
        "deterministic-resnet", description="a member of GENERATORS"
    )
    width: int = Field(64, ge=1, le=512, description="features at full resolution")
    blocks: int = Field(9, ge=0, le=32, description="residual blocks; 9 at 256 pixels, 6 below")
    down: DownName = Field("strided", description="how it halves the size")
    up: UpName = Field("transposed", description="how it doubles the size")
    distribution: DistributionName = Field("laplace", description="of a pixel, around the mean")
    scale: ScaleName = Field("fixed", description="of that distribution")
    initial_scale: float = Field(0.1, gt=0, description="the scale at the start, in pixel values of [-1, 1]")


GeneratorArchitecture = Annotated[
    Annotated[StochasticResNetArchitecture | DeterministicResNetArchitecture, Field(discriminator="name")],
    _named_unless_said("resnet"),
]


class NoiseArchitecture(BaseModel):
    """Arguments of the noise encoder, built where the generator has codes."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    width: int = Field(32, ge=1, le=512, description="features after the first layer")


class ConditionalPatchArchitecture(BaseModel):
    """Arguments of the "conditional-patch" of DISCRIMINATORS, which is meant where a card or a recipe gives
    no name."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: Literal["conditional-patch"] = Field("conditional-patch", description="a member of DISCRIMINATORS")
    width: int = Field(64, ge=1, le=512, description="features after the first layer")
    downsamplings: int = Field(3, ge=1, le=6, description="3: patches of 70 pixels; 2: of 34")
    projection: int = Field(64, ge=1, le=1024, description="channels of the conditional product")
    antialiased: bool = Field(False, description="blur before the strides, but for the one on the picture")

    @property
    def smallest_side(self) -> int:
        """In pixels, of the pictures that it can judge."""
        return 3 << self.downsamplings  # the last norm needs two values, the head beyond it one


class ProjectedPatchArchitecture(ConditionalPatchArchitecture):
    """Arguments of the "projected-patch" of DISCRIMINATORS: those of a conditional-patch, and its own."""

    model_config = ConfigDict(
        json_schema_extra={"required": ["name"]}
    )  # without a name it is a conditional-patch

    name: Literal["projected-patch"] = Field("projected-patch", description="a member of DISCRIMINATORS")  # type: ignore[assignment]
    mixed: int = Field(
        64, ge=1, le=512, description="channels that the pretrained features of a depth are mixed to"
    )

    @property
    def of_pixels(self) -> ConditionalPatchArchitecture:
        """Of the conditional-patch in it, which sees the pixels themselves."""
        return ConditionalPatchArchitecture(**self.model_dump(exclude={"name", "mixed"}))


DiscriminatorArchitecture = Annotated[
    Annotated[ConditionalPatchArchitecture | ProjectedPatchArchitecture, Field(discriminator="name")],
    _named_unless_said("conditional-patch"),
]


class NoDiscriminator(ValueError):
    """Ratios are asked of an architecture without a discriminator."""


class Architecture(BaseModel):
    """Both directions share one architecture. Round-trips through JSON.

    Without a discriminator there are no ratios: such networks translate, and neither judge nor learn.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    generator: GeneratorArchitecture = Field(StochasticResNetArchitecture(), description="of either map")
    noise: NoiseArchitecture = Field(NoiseArchitecture(), description="of either noise encoder")
    discriminator: DiscriminatorArchitecture | None = Field(
        ConditionalPatchArchitecture(), description="of either log ratio"
    )

    def build_model(self, domains: tuple[str, str], one_way: bool = False) -> TranslationModel:
        """Freshly initialised from torch's global random state; `one_way` from the first domain alone."""
        return TranslationModel(domains, x_given_z=None if one_way else self._map(), z_given_x=self._map())

    def build_ratios(self) -> DensityRatios:
        """Freshly initialised from torch's global random state. Raises NoDiscriminator."""
        if self.discriminator is None:
            raise NoDiscriminator("the architecture has no discriminator, from which ratios are built")
        build = DISCRIMINATORS[self.discriminator.name]
        arguments = self.discriminator.model_dump(exclude={"name"})
        return DensityRatios(latent=build(**arguments), observed=build(**arguments))

    def _map(self) -> StochasticMap:
        generator = GENERATORS[self.generator.name](**self.generator.model_dump(exclude={"name"}))
        code_size = self.generator.code_size
        noise = NoiseEncoder(self.noise.width, code_size) if code_size else None
        return StochasticMap(generator, noise, code_size)
