"""One contract: generator(source, code) -> Distribution, paint(source, code) -> Painting. A file a member."""

from torch import nn

from translation.generators.deterministic import DeterministicResNetGenerator
from translation.generators.resnet import AntialiasedResNetGenerator, StochasticResNetGenerator

GENERATORS: dict[str, type[nn.Module]] = {
    "resnet": StochasticResNetGenerator,
    "antialiased-resnet": AntialiasedResNetGenerator,
    "deterministic-resnet": DeterministicResNetGenerator,
}
