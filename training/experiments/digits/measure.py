"""What a direction of translation is worth.

accuracy            a LeNet that learned from translated source digits, each under a code of its own, with
                    the source's labels: the share of the target's test digits that it names right
accuracy_both_ways  the same where it learned from digits of the target as well: those that the first LeNet
                    names as a LeNet of real source digits names their translations back, under that name
accuracy_plain      as accuracy, where they were not turned, moved or enlarged on the way to it
held_out            the same of translated validation digits; what its state was chosen by
agreement           the share of the target's validation digits that the two ways name alike: no label of
                    the target has a part in it, so it is what a setting may be chosen by. What both ways
                    swap alike escapes it
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
from training.evaluation.cycle import cycle_errors, cycle_losses
from training.evaluation.diversity import diversity
from training.evaluation.figures import EvaluationProtocol
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
        learned, both_ways, plain = self.learn(source, target, judges[source.name])
        alike = self.named_alike(learned.classifier, judges[source.name], source.name, target.validation)
        some, judge = source.test[: self.yardstick.translated], judges[target.name]
        figures = {
            "accuracy": accuracy(learned.classifier, target.test),
            "accuracy_both_ways": accuracy(both_ways.classifier, target.test),
            "accuracy_plain": accuracy(plain.classifier, target.test),
            "held_out": learned.held_out,
            "agreement": len(alike) / len(target.validation),
            "label_preserved": accuracy(judge, self.translated(some, target.name, len(some))),
            **self.looks(source, target, judge),
        }
        return {f"{name}_{source.name}_to_{target.name}": figure for name, figure in figures.items()}

    def learn(
        self, source: DigitDomain, target: DigitDomain, judge: LeNet
    ) -> tuple[Trained, Trained, Trained]:
        """From translations, from digits of the target beside them, and without augmentation.

        Translations choose the state. `judge` knows real source digits.
        """
        pool = self.translated(source.train, target.name, self.yardstick.pool)
        held_out = self.translated(source.validation, target.name, len(source.validation))

        def learned(digits: LabelledDigits, augmented: bool = True) -> Trained:
            return train_classifier(digits, held_out, self.yardstick, self.seed, augmented)

        first = learned(pool)
        alike = self.named_alike(first.classifier, judge, source.name, target.train)
        return first, learned(pool + alike), learned(pool, augmented=False)

    def named_alike(
        self, learned: LeNet, judge: LeNet, source: str, digits: LabelledDigits
    ) -> LabelledDigits:
        """Digits of the target that `learned` names as `judge` names their translations to `source`.

        They are labelled so: their own labels are not asked for.
        """
        named = predictions(learned, digits)
        alike = named == predictions(judge, self.translated(digits, source, len(digits)))
        return LabelledDigits(digits.pixels[alike], named[alike])

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
        protocol = EvaluationProtocol(
            (self.seed,), SIDE, yardstick.samples, inputs=yardstick.inputs, noises=yardstick.noises
        )
        bench = Bench(self.sampler, network, protocol, Remembered(network))
        sources = source.test[: yardstick.cycled]
        at = Direction(source.name, target.name, pictures(sources), pictures(target.test[:2]), None)
        spread = diversity(bench, at, self.seed)
        between = self.translated(sources, target.name, len(sources))
        errors = cycle_errors([cycle_losses(bench, at, list(pictures(between)))])
        return {
            "diversity": spread["pixel_std"],
            "diversity_features": spread["feature_distance"],
            **{f"cycle_{name}": error for name, error in errors.items()},
        }


def pictures(digits: LabelledDigits) -> Pictures:
    """As RGB images."""
    return pictures_in_memory([Image.fromarray(each.numpy()).convert("RGB") for each in digits.pixels])
