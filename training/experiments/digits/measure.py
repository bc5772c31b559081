"""What a direction of translation is worth.

accuracy            a LeNet that learned from translated source digits, each under a code of its own, with
                    the source's labels: the share of the target's test digits that it names right
accuracy_beside     the same where it learned from the source digits themselves as well, as many as they are
accuracy_plain      as accuracy, where they were not turned, moved or enlarged on the way to it
held_out            the same of translated validation digits; what its state was chosen by
agreement           the share of the target's validation digits that it names as a LeNet of real source
                    digits names their translations back: no label of the target has a part in it, so it is
                    what a setting may be chosen by. What both ways swap alike escapes it
label_preserved     a LeNet that learned from real target digits: the share of the translated test digits
                    that it names as their sources are labelled
diversity           the standard deviation of a pixel over the samples of one input, grey levels
diversity_features  the mean cosine distance between them in that LeNet's features
cycle_...           mean absolute error of source -> target -> source, grey levels, by what was done to
                    the translation on the way
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from PIL import Image

from training.evaluation.bench import Bench, Direction, Remembered
from training.evaluation.cycle import cycle_errors
from training.evaluation.diversity import diversity
from training.evaluation.figures import Protocol
from training.evaluation.pictures import Pictures, pictures_in_memory
from training.experiments.digits.classifier import (
    DigitFeatures,
    LeNet,
    Trained,
    accuracy,
    predictions,
    train_classifier,
)
from training.experiments.digits.domains import SIDE, DigitDomain, LabelledDigits
from training.experiments.digits.yardstick import Yardstick
from translation.sampler import Sampler

AT_ONCE = 100


@dataclass(frozen=True)
class Measure:
    """Both ways of one model are measured with it. `seed` is of codes and classifiers."""

    sampler: Sampler
    yardstick: Yardstick
    seed: int

    def __call__(
        self, source: DigitDomain, target: DigitDomain, judges: Mapping[str, LeNet]
    ) -> dict[str, float]:
        """`judges` know real digits, by domain. By the names above and the direction."""
        some, judge = source.test[: self.yardstick.translated], judges[target.name]
        learned, beside, plain = self.learn_translated(source, target.name)
        found = {
            "accuracy": accuracy(learned.classifier, target.test),
            "accuracy_beside": accuracy(beside.classifier, target.test),
            "accuracy_plain": accuracy(plain.classifier, target.test),
            "held_out": learned.held_out,
            "agreement": self.agreement(learned.classifier, judges[source.name], source.name, target),
            "label_preserved": accuracy(judge, self.translated(some, target.name, len(some))),
            **self.looks(source, target, judge),
        }
        return {f"{name}_{source.name}_to_{target.name}": figure for name, figure in found.items()}

    def learn_translated(self, source: DigitDomain, to: str) -> tuple[Trained, Trained, Trained]:
        """With augmentation, the same beside the sources, and without. Translations choose the state."""
        pool = self.translated(source.train, to, self.yardstick.pool)
        held_out = self.translated(source.validation, to, len(source.validation))
        learned, beside, plain = (
            train_classifier(digits, held_out, self.yardstick, self.seed, augmented)
            for digits, augmented in ((pool, True), (pool + source.train, True), (pool, False))
        )
        return learned, beside, plain

    def agreement(self, learned: LeNet, judge: LeNet, source: str, target: DigitDomain) -> float:
        """Two ways to name a digit of the target without its labels: as it is, and translated to `source`."""
        digits = target.validation
        back = self.translated(digits, source, len(digits))
        return float((predictions(learned, digits) == predictions(judge, back)).double().mean())

    @torch.inference_mode()
    def translated(self, digits: LabelledDigits, to: str, count: int) -> LabelledDigits:
        """The i-th of `count` is digit i mod N under a code of its own, as a picture of 8 bits."""
        conditional, device = self.sampler.model.conditional(to), self.sampler.device
        random = torch.Generator().manual_seed(self.seed)
        pixels, rows = [], torch.arange(count) % len(digits)
        for some in torch.split(rows, AT_ONCE):
            codes = torch.randn(len(some), conditional.code_size, generator=random)
            mean = conditional(digits[some].images().to(device), codes.to(device)).mean
            pixels.append(mean.mean(1).add(1).mul(127.5).round().clamp(0, 255).byte().cpu())
        return LabelledDigits(torch.cat(pixels), digits.labels[rows])

    def looks(self, source: DigitDomain, target: DigitDomain, judge: LeNet) -> Mapping[str, float]:
        """What takes several looks at an input: its samples, and the ways back."""
        yardstick, network = self.yardstick, DigitFeatures(judge)
        protocol = Protocol(
            (self.seed,), SIDE, yardstick.samples, inputs=yardstick.inputs, noises=yardstick.noises
        )
        bench = Bench(self.sampler, network, protocol, Remembered(network))
        sources = source.test[: yardstick.cycled]
        at = Direction(source.name, target.name, pictures(sources), pictures(target.test[:2]), None)
        spread = diversity(bench, at, self.seed)
        between = self.translated(sources, target.name, len(sources))
        errors = cycle_errors(bench, at, list(pictures(between)))
        return {
            "diversity": spread["pixel_std"],
            "diversity_features": spread["feature_distance"],
            **{f"cycle_{name}": error for name, error in errors.items()},
        }


def pictures(digits: LabelledDigits) -> Pictures:
    """As RGB images."""
    return pictures_in_memory([Image.fromarray(each.numpy()).convert("RGB") for each in digits.pixels])
