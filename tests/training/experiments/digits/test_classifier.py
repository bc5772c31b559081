from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from training.experiments.digits import classifier as module
from training.experiments.digits.classifier import (
    DigitFeatures,
    LeNet,
    RealClassifiers,
    accuracy,
    train_classifier,
)
from training.experiments.digits.domains import DigitDomain, LabelledDigits, load_domain
from training.experiments.digits.yardstick import Yardstick


@pytest.fixture
def domain(files: Mapping[str, Path]) -> DigitDomain:
    return load_domain("mnist", files["mnist"], 1000, 8)


def test_it_learns_to_tell_two_kinds(domain: DigitDomain, brief: Yardstick) -> None:
    longer = replace(brief, classifier_steps=60)
    learned = train_classifier(domain.train, domain.validation, longer, seed=0)
    assert learned.held_out == accuracy(learned.classifier, domain.validation) == 1
    assert accuracy(learned.classifier, domain.test) == 1


def test_what_is_augmented_is_known_elsewhere_and_larger(domain: DigitDomain, brief: Yardstick) -> None:
    longer = replace(brief, classifier_steps=150, rotation=0.0, shear=0.0, translation=0.25, zoom=1.2)
    elsewhere = replace(domain.test, pixels=domain.test.pixels.roll(7, dims=2))
    right = [
        accuracy(
            train_classifier(domain.train, domain.validation, longer, 0, augmented).classifier, elsewhere
        )
        for augmented in (True, False)
    ]
    assert right[0] > right[1]


def test_what_is_turned_and_moved_by_nothing_is_as_it_was(domain: DigitDomain, brief: Yardstick) -> None:
    images = domain.train.images()
    still = replace(brief, rotation=0.0, shear=0.0, translation=0.0, zoom=1.0)
    assert torch.allclose(module._augmented(images, still), images[:, :1], atol=1e-6)


def test_each_digit_is_moved_in_its_own_way_over_black(domain: DigitDomain, brief: Yardstick) -> None:
    moved = replace(brief, rotation=0.0, shear=0.0, translation=0.25, zoom=1.0)
    torch.manual_seed(0)
    dots = torch.full((64, 3, 32, 32), -1.0)
    dots[:, :, 16, 16] = 1.0
    ink = module._augmented(dots, moved)[:, 0] + 1
    assert torch.allclose(ink.sum((1, 2)), torch.tensor(2.0), atol=1e-4)
    across = (ink.sum(1) * torch.arange(32)).sum(1) / 2 - 16
    assert across.abs().max() <= 8 + 1e-3
    assert len(across.unique()) == 64


def test_a_classifier_judges_alike_twice(domain: DigitDomain, brief: Yardstick, tmp_path: Path) -> None:
    images = domain.test.images()
    for classifier in (
        train_classifier(domain.train, domain.validation, brief, 0).classifier,
        RealClassifiers(tmp_path, brief)(domain, 0),
    ):
        assert torch.equal(classifier(images), classifier(images))


def test_the_state_with_the_best_held_out_accuracy_is_kept(
    domain: DigitDomain, brief: Yardstick, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[torch.Tensor, float]] = []

    def scored(classifier: LeNet, digits: LabelledDigits) -> float:
        assert digits is domain.validation
        seen.append((classifier.head.weight.detach().clone(), (0.9, 0.2)[len(seen)]))
        return seen[-1][1]

    monkeypatch.setattr(module, "accuracy", scored)
    learned = train_classifier(domain.train, domain.validation, brief, seed=0)
    assert [share for _, share in seen] == [0.9, 0.2]
    assert learned.held_out == 0.9
    assert torch.equal(learned.classifier.head.weight, seen[0][0])


def test_one_of_real_digits_is_trained_once(
    domain: DigitDomain, brief: Yardstick, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = RealClassifiers(tmp_path, brief)(domain, 0)
    other = RealClassifiers(tmp_path, brief)(domain, 1)
    plain = RealClassifiers(tmp_path, brief)(domain, 0, augmented=False)
    longer = RealClassifiers(tmp_path, replace(brief, classifier_steps=5))(domain, 0)
    monkeypatch.delattr(module, "train_classifier")
    again = RealClassifiers(tmp_path, brief)(domain, 0)
    assert torch.equal(first.head.weight, again.head.weight)
    assert not torch.equal(first.head.weight, other.head.weight)
    assert not torch.equal(first.head.weight, plain.head.weight)
    assert not torch.equal(first.head.weight, longer.head.weight)


def test_its_features_are_of_the_pictures_that_it_classifies(domain: DigitDomain) -> None:
    torch.manual_seed(0)
    classifier = LeNet().eval()
    pictures = [Image.fromarray(each.numpy()).convert("RGB") for each in domain.test.pixels]
    features = DigitFeatures(classifier)(pictures)
    assert features.logits is not None
    assert np.allclose(features.logits, classifier(domain.test.images()).detach(), atol=1e-5)
