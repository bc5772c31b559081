"""A few thousand weights: enough to try everything around a model, not to translate."""

from translation.architecture import (
    Architecture,
    ConditionalPatchArchitecture,
    NoiseArchitecture,
    StochasticResNetArchitecture,
)

TINY_ARCHITECTURE = Architecture(
    generator=StochasticResNetArchitecture(width=4, blocks=1, code_size=4),
    noise=NoiseArchitecture(width=4),
    discriminator=ConditionalPatchArchitecture(width=4, downsamplings=2, projection=4),
)
