"""Each method under each seed: a translator trained without labels, then measured both ways.

The translator is the weights' average of the last step, the classifiers are chosen on held-out digits with
labels of the source alone; the published test digits are seen once, at the end.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from training.config import load_recipe
from training.dataset import Batch
from training.experiments.digits.classifier import CLASSIFIER, RealClassifiers, accuracy
from training.experiments.digits.domains import (
    DIRECTIONS,
    SIDE,
    DigitDomain,
    LabelledDigits,
    load_domain,
    write_pictures,
)
from training.experiments.digits.figures import draw_cycles
from training.experiments.digits.measure import Measure
from training.experiments.digits.rows import TEACHERS, TRANSLATORS
from training.experiments.digits.yardstick import Yardstick
from training.experiments.results import ReportShare, Results, complete
from training.experiments.trained import protocol_of, trained
from training.recipe import Recipe
from training.samples import sample_grid
from translation.codec import to_image
from translation.device import pick_device
from translation.durable import replacing
from translation.model import TranslationModel
from translation.sampler import Sampler
from translation.weights import load_bundle

BASE = Path(__file__).with_name("base.toml")
GRID, GRID_SAMPLES = "grid.png", 8
TRAINED_SHARE = 0.6  # of a run's time, about


@dataclass(frozen=True)
class Setting:
    """What all methods share. `overrides` are of the base, as `field=value`."""

    mnist: Path
    usps: Path
    overrides: Sequence[str] = ()
    device: str = "auto"
    yardstick: Yardstick = Yardstick()


def run_digits(setting: Setting, out: Path, seeds: Sequence[int], methods: Sequence[str]) -> dict[str, Any]:
    """Make the runs that OUT/results.json lacks; the table. Raises BadDataset, OtherResults, what a training
    raises, and KeyboardInterrupt on a signal: the training under way goes on from there."""
    base, yardstick = load_recipe(str(BASE), setting.overrides), setting.yardstick
    files = {"mnist": setting.mnist, "usps": setting.usps}
    domains = {
        name: load_domain(name, file, yardstick.train, yardstick.validation) for name, file in files.items()
    }
    results = Results(out / "results.json", protocol(base, domains, yardstick), seeds, TRANSLATORS)
    experiment = _Experiment(setting, out, domains, RealClassifiers(out / "classifiers", yardstick))
    complete(results, methods, experiment)
    table = results.table()
    draw_cycles(out / "cycles.png", table, yardstick.noises)
    return table


@dataclass(frozen=True)
class _Experiment:
    setting: Setting
    out: Path
    domains: Mapping[str, DigitDomain]
    classifiers: RealClassifiers

    def __call__(self, method: str, seed: int, report: ReportShare) -> Mapping[str, float]:
        if method in TEACHERS:
            return self.untranslated(TEACHERS[method], seed)
        folder = self.out / "runs" / f"{method.replace(' ', '-')}-{seed}"
        model = self.translator(folder, [*TRANSLATORS[method], f"training.seed={seed}"])
        _draw(model, self.domains, folder / GRID)
        return self.measured(model, seed, report)

    def untranslated(self, teacher: int, seed: int) -> dict[str, float]:
        """What a classifier of real digits of the direction's domain `teacher` makes of the target's."""
        return {
            f"{name}_{pair[0]}_to_{pair[1]}": accuracy(
                self.classifiers(self.domains[pair[teacher]], seed, augmented), self.domains[pair[1]].test
            )
            for pair in DIRECTIONS
            for name, augmented in (("accuracy", True), ("accuracy_plain", False))
        }

    def translator(self, folder: Path, overrides: Sequence[str]) -> TranslationModel:
        setting, (first, second) = self.setting, self.domains.values()
        pictures = self.out / "pictures"
        data = (write_pictures(first, pictures), write_pictures(second, pictures))
        names, overrides = (first.name, second.name), [*setting.overrides, *overrides]
        return load_bundle(trained(folder, data, BASE, names, overrides, setting.device)).model

    def measured(self, model: TranslationModel, seed: int, report: ReportShare) -> dict[str, float]:
        sampler = Sampler(model, SIDE, pick_device(self.setting.device))
        measure, figures = Measure(sampler, self.setting.yardstick, seed), dict[str, float]()
        judges = {name: self.classifiers(domain, seed) for name, domain in self.domains.items()}
        for place, (source, target) in enumerate(DIRECTIONS):
            report(TRAINED_SHARE + place * (1 - TRAINED_SHARE) / len(DIRECTIONS))
            figures |= measure(self.domains[source], self.domains[target], judges)
        return figures


def protocol(base: Recipe, domains: Mapping[str, DigitDomain], yardstick: Yardstick) -> dict[str, Any]:
    """What two tables must share to be one."""
    return {
        "base": protocol_of(base),
        "data": {
            name: {"sha256": domain.digest()} | {split: len(held) for split, held in domain.splits.items()}
            for name, domain in domains.items()
        },
        "selection": "translators: the average of the last step; classifiers: held-out digits of the source",
        "classifier": CLASSIFIER,
        "yardstick": asdict(yardstick),
    }


def _draw(model: TranslationModel, domains: Mapping[str, DigitDomain], file: Path) -> None:
    """A row a test digit, the first of each class, mnist above usps: itself, samples, the first one back."""
    x, z = (_of_each_class(domain.test).images() for domain in domains.values())
    with replacing(file) as written:
        to_image(sample_grid(model.eval(), Batch(x, z), GRID_SAMPLES) * 2 - 1).save(written, "PNG")


def _of_each_class(digits: LabelledDigits) -> LabelledDigits:
    labels = digits.labels.tolist()
    return digits[torch.tensor([labels.index(label) for label in sorted(set(labels))])]
