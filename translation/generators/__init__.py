"""One contract: generator(source, code) -> Distribution, paint(source, code) -> Painting. A file a member."""

from translation.generators.resnet import StochasticResNetGenerator

GENERATORS = {"resnet": StochasticResNetGenerator}
