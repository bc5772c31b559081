"""What a bundle's card says of its networks, and the networks made from it."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from translation.discriminators import DISCRIMINATORS
from translation.distributions import DistributionName, ScaleName
from translation.generators import GENERATORS
from translation.generators.noise import NoiseEncoder
from translation.model import DensityRatios, StochasticMap, TranslationModel


class GeneratorArchitecture(BaseModel):
    """Arguments of a member of GENERATORS."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Literal["resnet"] = Field("resnet", description="a member of GENERATORS")
    width: int = Field(64, ge=1, le=512, description="features at full resolution")
    blocks: int = Field(9, ge=0, le=32, description="residual blocks; 9 at 256 pixels, 6 below")
    code_size: int = Field(8, ge=0, le=256, description="numbers in the noise code; 0 is deterministic")
    distribution: DistributionName = Field("laplace", description="of a pixel, around the mean")
    scale: ScaleName = Field(
        "fixed", description="of that distribution: fixed, learned, or learned per pixel"
    )
    initial_scale: float = Field(0.1, gt=0, description="the scale at the start, in pixel values of [-1, 1]")
    copy_gate: bool = Field(True, description="blend what is painted with the source, pixel by pixel")


class NoiseArchitecture(BaseModel):
    """Arguments of the noise encoder, built where the generator has codes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    width: int = Field(32, ge=1, le=512, description="features after the first layer")


class DiscriminatorArchitecture(BaseModel):
    """Arguments of a member of DISCRIMINATORS."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Literal["conditional-patch"] = Field("conditional-patch", description="a member of DISCRIMINATORS")
    width: int = Field(64, ge=1, le=512, description="features after the first layer")
    downsamplings: int = Field(3, ge=1, le=6, description="3: patches of 70 pixels; 2: of 34")
    projection: int = Field(64, ge=1, le=1024, description="channels of the conditional product")

    @property
    def smallest_side(self) -> int:
        """In pixels, of the pictures that it can judge."""
        return 3 << self.downsamplings  # the last norm needs two values, the head beyond it one


class Architecture(BaseModel):
    """Both directions share one architecture. Round-trips through JSON."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    generator: GeneratorArchitecture = Field(GeneratorArchitecture(), description="of either map")
    noise: NoiseArchitecture = Field(NoiseArchitecture(), description="of either noise encoder")
    discriminator: DiscriminatorArchitecture = Field(
        DiscriminatorArchitecture(), description="of either log ratio"
    )

    @classmethod
    def tiny(cls) -> "Architecture":
        """A few thousand weights: enough to try everything around a model, not to translate."""
        return cls(
            generator=GeneratorArchitecture(width=4, blocks=1, code_size=4),
            noise=NoiseArchitecture(width=4),
            discriminator=DiscriminatorArchitecture(width=4, downsamplings=2, projection=4),
        )

    def build_model(self, domains: tuple[str, str]) -> TranslationModel:
        """Freshly initialised from torch's global random state."""
        return TranslationModel(domains, x_given_z=self._map(), z_given_x=self._map())

    def build_ratios(self) -> DensityRatios:
        """Freshly initialised from torch's global random state."""
        build = DISCRIMINATORS[self.discriminator.name]
        arguments = self.discriminator.model_dump(exclude={"name"})
        return DensityRatios(latent=build(**arguments), observed=build(**arguments))

    def _map(self) -> StochasticMap:
        generator = GENERATORS[self.generator.name](**self.generator.model_dump(exclude={"name"}))
        code_size = self.generator.code_size
        noise = NoiseEncoder(self.noise.width, code_size) if code_size else None
        return StochasticMap(generator, noise, code_size)
