"""What is seen of one sample of each source picture, in one pass.

The samples have the pictures' own size: of a hundred photographs they would fill the memory. So they are held
no longer than a batch, and each measure takes of a batch what it needs.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from PIL import Image

from training.evaluation.bench import Bench, Direction
from training.evaluation.content import Content, content_of
from training.evaluation.cycle import Losses, cycle_losses
from training.evaluation.features import BATCH, Features, in_batches, joined
from training.evaluation.translations import sample_codes, translate


@dataclass(frozen=True)
class Trial:
    """One seed, and what the protocol's measures need of the samples under it, batch by batch."""

    seed: int
    looks: list[Features] = field(default_factory=list)
    losses: list[Losses] = field(default_factory=list)
    contents: list[Content] = field(default_factory=list)

    @property
    def features(self) -> Features:
        return joined(self.looks)


def begin_trial(bench: Bench, at: Direction, seed: int) -> Trial:
    trial = Trial(seed)
    codes = sample_codes(at.sources.names, seed, bench.sampler.model.code_size)
    sampled = translate(bench.sampler, at.sources, at.target, codes, bench.tick)
    start = 0
    for batch in in_batches(sampled, max(BATCH, bench.network.batch)):
        _see(bench, at, trial, batch, start)
        start += len(batch)
    return trial


def _see(bench: Bench, at: Direction, trial: Trial, batch: Sequence[Image.Image], start: int) -> None:
    asked = bench.protocol.measures
    if "sample" in asked:
        trial.looks.append(bench.network(batch, bench.tick))
    if "cycle" in asked and returns(bench, at):
        trial.losses.append(cycle_losses(bench, at, batch, start))
    if "content" in asked:
        trial.contents.extend(content_of(bench, batch[: max(0, bench.protocol.inputs - start)]))


def returns(bench: Bench, at: Direction) -> bool:
    """Whether the model translates back as well."""
    return at.source in bench.sampler.model.targets
