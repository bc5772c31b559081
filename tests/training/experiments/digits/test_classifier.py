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
    monkeypatch.delattr(module, "train_classifier")
    again = RealClassifiers(tmp_path, brief)(domain, 0)
    assert torch.equal(first.head.weight, again.head.weight)
    assert not torch.equal(first.head.weight, other.head.weight)
    assert not torch.equal(first.head.weight, plain.head.weight)


def test_its_features_are_of_the_pictures_that_it_classifies(domain: DigitDomain) -> None:
    torch.manual_seed(0)
    classifier = LeNet()
    pictures = [Image.fromarray(each.numpy()).convert("RGB") for each in domain.test.pixels]
    features = DigitFeatures(classifier)(pictures)
    assert features.logits is not None
    assert np.allclose(features.logits, classifier(domain.test.images()).detach(), atol=1e-5)
