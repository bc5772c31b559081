"""One contract: generator(source, code) -> Distribution. One file per member."""

from translation.generators.resnet import StochasticResNetGenerator

GENERATORS = {"resnet": StochasticResNetGenerator}
