"""A bundle evaluated into a folder, which a second call takes up where the first one was stopped.

OUT/evaluation.json   OUT/index.html   OUT/trials/<digest>.json   OUT/features/<network>/<pictures>.npz
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch

from training.evaluation.bench import Bench, Direction, Judge, Remembered, trial_digest
from training.evaluation.evaluate import (
    directions,
    look_at_references,
    looks_of_a_trial,
    references,
    run_trial,
    summed_up,
)
from training.evaluation.features import FeatureNetwork
from training.evaluation.figures import Evaluation, EvaluationProtocol, Lines
from training.evaluation.folders import EvaluationFolders
from training.evaluation.pictures import refuse_too_long
from training.evaluation.report import tables, versions, write_json
from training.evaluation.sheet import contact_sheet, write_page
from training.objective.divergences import RATIO_LOSSES
from training.objective.joints import Sampling
from training.objective.ratios import TwoHeadRatio
from training.objective.sjmvi import Ratios
from translation import durable
from translation.weights import Bundle

CARD_FIELDS = {"domains", "training_size", "process_size", "steps", "licence"}
Progress = Callable[[int, int], None]  # pictures through a network, and how many it is going to be


@dataclass(frozen=True)
class Subject:
    """A bundle, and what it is called."""

    bundle: Bundle
    name: str

    def as_json(self) -> dict[str, Any]:
        card = self.bundle.card
        said = card.model_dump(mode="json", include=CARD_FIELDS)
        return {"name": self.name, "digest": self.bundle.digest, **said}


def evaluate_bundle(
    subject: Subject,
    folders: EvaluationFolders,
    network: FeatureNetwork,
    protocol: EvaluationProtocol,
    out: Path,
    device: torch.device,
    progress: Progress,
) -> Evaluation:
    """Writes OUT/evaluation.json and OUT/index.html. Raises BadDataset, BadProtocol."""
    bundle, counter = subject.bundle, _Counter(progress)
    if bundle.ratios is not None:
        bundle.ratios.to(device)
    sampler = bundle.sampler(device)
    store = Remembered(network, out / "features", counter)
    bench = Bench(sampler, network, protocol, store, judge_of(bundle), counter)
    for pictures in folders.test:
        refuse_too_long(pictures, sampler.training_size)
    both = directions(sampler, folders.test, folders.train)
    out.mkdir(parents=True, exist_ok=True)
    trials = _Trials(out / "trials", bundle.digest, bench)
    fixed = [pictures for at in both for pictures in references(bench, at)]
    counter.total = store.looks_left(fixed) + trials.looks_left(both)
    look_at_references(bench, both)
    evaluation = summed_up(bench, [(at, [trials(at, seed) for seed in protocol.seeds]) for at in both])
    document = _document(subject, folders, evaluation, bench)
    write_json(out, document)
    write_page(out, document, tables(evaluation), [contact_sheet(bench, at) for at in both])
    return evaluation


def judge_of(bundle: Bundle) -> Judge | None:
    """The bundle's ratios as its training used them; None where it has no log ratios, or its card does not
    say how."""
    objective = bundle.card.objective
    if bundle.ratios is None or not {"sampling", "conditioning"} <= objective.keys():
        return None
    loss = RATIO_LOSSES.get(objective.get("divergence", ""))
    if loss is None or not loss.learns_log_ratio:
        return None
    latent, observed = bundle.ratios.latent, bundle.ratios.observed
    conditioning = float(objective["conditioning"])
    ratios = Ratios(TwoHeadRatio(latent, conditioning), TwoHeadRatio(observed, conditioning))
    return Judge(ratios, Sampling(**objective["sampling"]))


class _Counter:
    """Adds up the ticks."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.total = 0
        self.done = 0

    def __call__(self, pictures: int) -> None:
        self.done += pictures
        self.progress(self.done, max(self.total, self.done))


class _Trials:
    """Each is in a file of its own as soon as it is done, named by everything that its figures depend on."""

    def __init__(self, folder: Path, subject: str, bench: Bench) -> None:
        self.folder = folder
        self.subject = subject
        self.bench = bench
        folder.mkdir(parents=True, exist_ok=True)

    def __call__(self, at: Direction, seed: int) -> Lines:
        file = self._file(at, seed)
        if not file.exists():
            lines = run_trial(self.bench, at, seed)
            durable.write(file, json.dumps(lines).encode())
        return cast(Lines, json.loads(file.read_bytes()))

    def looks_left(self, both: Sequence[Direction]) -> int:
        left = [at for at in both for seed in self.bench.protocol.seeds if not self._file(at, seed).exists()]
        return sum(looks_of_a_trial(self.bench, at) for at in left)

    def _file(self, at: Direction, seed: int) -> Path:
        digest = trial_digest(self.subject, self.bench.network, self.bench.protocol, at, seed)
        return self.folder / f"{digest[:32]}.json"


def _document(
    subject: Subject, folders: EvaluationFolders, evaluation: Evaluation, bench: Bench
) -> dict[str, Any]:
    """The figures with all that someone else needs to get them again."""
    figures = evaluation.as_json()
    network = {"name": bench.network.name, "sha256": bench.network.digest, "side": bench.network.side}
    protocol = {**figures.pop("protocol"), "network": network, **folders.as_json(), "versions": versions()}
    return {"bundle": subject.as_json(), "protocol": protocol, **figures}
