"""Where in a run's folder what lies, for who trains it, watches it and publishes what it made.

recipe.toml   run.json   data.json   data.html   balance.json   checkpoints/   metrics.jsonl   tensorboard/
samples/   bundle/   last/
"""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class RunFolder:
    path: Path

    def __str__(self) -> str:
        return str(self.path)

    @property
    def recipe(self) -> Path:
        return self.path / "recipe.toml"

    @property
    def origin(self) -> Path:
        """What it began with. Where it is, there is a run."""
        return self.path / "run.json"

    @property
    def data_report(self) -> Path:
        return self.path / "data.json"

    @property
    def data_sheet(self) -> Path:
        return self.path / "data.html"

    @property
    def draw_shares(self) -> Path:
        """Of a run with data.balance."""
        return self.path / "balance.json"

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def metrics(self) -> Path:
        """A line a logged step."""
        return self.path / "metrics.jsonl"

    @property
    def tensorboard(self) -> Path:
        return self.path / "tensorboard"

    @property
    def samples(self) -> Path:
        """STEP.png, a grid each."""
        return self.path / "samples"

    @property
    def bundle(self) -> Path:
        """The result: what was selected, or the last state where nothing selects."""
        return self.path / "bundle"

    @property
    def last(self) -> Path:
        """The last state, of a run that selects."""
        return self.path / "last"
