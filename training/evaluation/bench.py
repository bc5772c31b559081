"""What is measured, and what it is measured with."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TypeAlias

import numpy as np

from training.evaluation.features import FeatureNetwork, Features, Tick, in_batches, joined
from training.evaluation.figures import EvaluationProtocol
from training.evaluation.pictures import Pictures
from training.evaluation.report import versions
from training.objective.joints import Sampling
from training.objective.ratios import TwoHeadRatio
from training.objective.sjmvi import Ratios
from translation.durable import replacing
from translation.sampler import Sampler

AT_ONCE = 256  # pictures between two times that what was computed goes to the disk


Store: TypeAlias = Callable[[Pictures], Features]  # of those that come again with every seed and every model


@dataclass(frozen=True)
class Direction:
    """Sources are the test pictures of one domain; references, and `train`, are of the other."""

    source: str
    target: str
    sources: Pictures
    references: Pictures
    train: Pictures | None


@dataclass(frozen=True)
class Judge:
    """A model's own log ratios, and how it was trained to sample: what its bounds are estimated with."""

    ratios: Ratios
    sampling: Sampling

    @property
    def is_blind(self) -> bool:
        """Whether no ratio looks at what a draw was given."""
        both = (self.ratios.latent, self.ratios.observed)
        return all(isinstance(ratio, TwoHeadRatio) and ratio.conditioning == 0 for ratio in both)


@dataclass(frozen=True)
class Bench:
    """What every measure is made with."""

    sampler: Sampler
    network: FeatureNetwork
    protocol: EvaluationProtocol
    reference_features: Store
    judge: Judge | None = None
    tick: Tick = lambda pictures: None


class Remembered:
    """Each picture is looked at once, whatever sets it is in. With a folder, once for all time.

    FOLDER/<network>/<pictures>.npz: keys, of the picture and its size, and their features, without maps.
    """

    def __init__(
        self, network: FeatureNetwork, folder: Path | None = None, tick: Tick = lambda pictures: None
    ) -> None:
        self.network = network
        self.tick = tick
        self._rows: dict[str, Features] = {}
        self._folder = folder and folder / _computed_by(network)[:16]
        for file in sorted(self._folder.glob("*.npz")) if self._folder else ():
            self._read(file)

    def __call__(self, pictures: Pictures) -> Features:
        for indices in in_batches(self.missing(pictures), AT_ONCE):
            self._look(pictures.chosen(indices))
        return joined([self._rows[key] for key in pictures.keys])

    def missing(self, pictures: Pictures) -> Sequence[int]:
        """The indices of those that were never looked at; of equal ones, the first."""
        first = {key: row for row, key in reversed(list(enumerate(pictures.keys)))}
        return sorted(row for key, row in first.items() if key not in self._rows)

    def looks_left(self, sets: Iterable[Pictures]) -> int:
        """How many pictures of all the sets were never looked at."""
        return len({key for pictures in sets for key in pictures.keys} - self._rows.keys())

    def _look(self, pictures: Pictures) -> None:
        features = self.network(pictures, self.tick)
        self._keep(pictures.keys, features.pooled, features.logits)
        if self._folder:
            self._folder.mkdir(parents=True, exist_ok=True)
            logits = {} if features.logits is None else {"logits": features.logits}
            arrays = {"pooled": features.pooled} | logits
            with replacing(self._folder / f"{pictures.digest[:16]}.npz") as file:
                np.savez(file, keys=np.array(pictures.keys), **arrays)  # type: ignore[arg-type]

    def _read(self, file: Path) -> None:
        with np.load(file) as found:
            logits = found.get("logits")
            self._keep([str(key) for key in found["keys"]], found["pooled"], logits)

    def _keep(self, keys: Sequence[str], pooled: np.ndarray, logits: np.ndarray | None) -> None:
        for row, key in enumerate(keys):
            one = slice(row, row + 1)
            self._rows[key] = Features(pooled[one], None if logits is None else logits[one])


def trial_digest(
    subject: str, network: FeatureNetwork, protocol: EvaluationProtocol, at: Direction, seed: int
) -> str:
    """Of everything that a trial's figures depend on. `subject` is the bundle's digest."""
    pictures = [at.sources.digest, at.sources.names, at.references.digest, at.train and at.train.digest]
    asked = {**vars(protocol), "seeds": [seed]}
    text = json.dumps([subject, _computed_by(network), asked, at.source, at.target, pictures], sort_keys=True)
    return sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def _computed_by(network: FeatureNetwork) -> str:
    """The network and the libraries that run it: an evaluation states one version of each."""
    return sha256(json.dumps([network.digest, versions()], sort_keys=True).encode()).hexdigest()
