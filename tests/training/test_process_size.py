"""A bundle works at the size at which it translates best, and its card says how that was found."""

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from training import process_size as module
from training.evaluation.features import FeatureNetwork
from training.evaluation.pictures import Pictures, pictures_in_memory
from training.process_size import SizeScore, best, choose_process_size
from translation.card import DigestMismatch
from translation.weights import load_bundle, save_process_size

CPU = torch.device("cpu")
TRAINED_AT = 32


@pytest.fixture
def bundle(tiny_bundle: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_bundle, tmp_path / "bundle"))


def pictures(seed: int, side: int = 64, count: int = 6) -> Pictures:
    noise = np.random.default_rng(seed).integers(0, 256, (count, side, side + 8, 3), dtype=np.uint8)
    return pictures_in_memory([Image.fromarray(each) for each in noise])


def chosen(bundle: Path, network: FeatureNetwork, *held_out: Pictures) -> list[tuple[int, int]]:
    told: list[tuple[int, int]] = []
    first, second = held_out
    choose_process_size(bundle, (first, second), network, CPU, lambda *so_far: told.append(so_far))
    return told


BEST = {
    "the least": ({32: 9.0, 40: 5.0, 48: 7.0}, 40),
    "a smaller one that is nearly as good": ({32: 9.0, 40: 5.2, 48: 5.0}, 40),
    "not one that is not": ({32: 9.0, 40: 5.3, 48: 5.0}, 48),
    "below 0 there is no nearly": ({32: 0.1, 40: -0.2, 48: -0.1}, 40),
    "one": ({32: 1.0}, 32),
}


@pytest.mark.parametrize(("scores", "size"), BEST.values(), ids=BEST)
def test_the_best_is(scores: dict[int, float], size: int) -> None:
    assert best([SizeScore(each, score, 0.0) for each, score in scores.items()]) == size


def test_what_was_found_is_told_and_worked_at(
    bundle: Path, network: FeatureNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "best", lambda scores: 56)
    before = load_bundle(bundle)
    told = chosen(bundle, network, pictures(0), pictures(1))
    after = load_bundle(bundle)
    assert (before.process_size, after.process_size, after.card.training_size) == (TRAINED_AT, 56, TRAINED_AT)
    assert after.sampler().source(Image.new("RGB", (128, 64))).shape == (1, 3, 56, 112)
    assert after.card.calibration == before.card.calibration
    found = after.card.metrics["process_size"]
    assert list(found["sizes"]) == ["32", "40", "48", "56", "64"]
    assert found["network"]["sha256"] == network.digest
    assert len({each["score"] for each in found["sizes"].values()}) == 5
    assert told == [(done, told[-1][1]) for done in range(1, told[-1][1] + 1)]


def test_the_choice_is_the_same_each_time(bundle: Path, network: FeatureNetwork) -> None:
    chosen(bundle, network, pictures(0), pictures(1))
    once = load_bundle(bundle).card
    chosen(bundle, network, pictures(0), pictures(1))
    assert load_bundle(bundle).card == once


SMALL: dict[str, Callable[[], tuple[Pictures, Pictures]]] = {
    "pictures no larger than those of the training": lambda: (pictures(0, 32), pictures(1, 36)),
    "too few pictures": lambda: (pictures(0), pictures(1, count=1)),
}


@pytest.mark.parametrize("held_out", SMALL.values(), ids=SMALL)
def test_nothing_is_measured_where_there_is_nothing_to_choose(
    held_out: Callable[[], tuple[Pictures, Pictures]], bundle: Path, network: FeatureNetwork
) -> None:
    before = load_bundle(bundle).digest
    assert not chosen(bundle, network, *held_out())
    assert load_bundle(bundle).digest == before


def test_pictures_are_not_enlarged(bundle: Path, network: FeatureNetwork) -> None:
    chosen(bundle, network, pictures(0, 45), pictures(1, 45))
    assert list(load_bundle(bundle).card.metrics["process_size"]["sizes"]) == ["32", "40"]


def test_a_bundle_that_has_been_replaced_meanwhile_stays_as_it_is(bundle: Path) -> None:
    digest = load_bundle(bundle).digest
    with pytest.raises(DigestMismatch, match="another bundle"):
        save_process_size(bundle, "0" * 64, 48, {})
    assert load_bundle(bundle).digest == digest
