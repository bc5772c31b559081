"""A bundle works at the size at which it translates best, and its card says how that was found."""

import shutil
from collections.abc import Callable
from math import nan
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from training import process_size as module
from training.config import ENOUGH
from training.domains import BadDataset
from training.evaluation.features import FeatureNetwork
from training.evaluation.pictures import Pictures, pictures_in_memory
from training.process_size import SizedBy, SizeScore, best, choose_process_size
from translation.card import DigestMismatch, read_card
from translation.sampler import Sampler, working_size
from translation.weights import load_bundle, save_calibrations, save_process_size

CPU = torch.device("cpu")
TRAINED_AT = 32


@pytest.fixture
def bundle(tiny_bundle: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_bundle, tmp_path / "bundle"))


def pictures(seed: int, side: int = 64, count: int = ENOUGH) -> Pictures:
    noise = np.random.default_rng(seed).integers(0, 256, (count, side, side + 8, 3), dtype=np.uint8)
    return pictures_in_memory([Image.fromarray(each) for each in noise])


def chosen(bundle: Path, network: FeatureNetwork, *held_out: Pictures) -> list[tuple[int, int]]:
    told: list[tuple[int, int]] = []
    first, second = held_out
    by = SizedBy(network, "of this test")
    choose_process_size(bundle, (first, second), by, CPU, lambda *so_far: told.append(so_far))
    return told


def metrics(bundle: Path) -> dict[str, Any]:
    found: dict[str, Any] = read_card(bundle)[0].metrics["process_size"]
    return found


BEST = {
    "the least": ({32: 9.0, 40: 5.0, 48: 7.0}, 40),
    "a smaller one that is nearly as good": ({32: 9.0, 40: 5.4, 48: 5.0}, 40),
    "not one that is not": ({32: 9.0, 40: 5.6, 48: 5.0}, 48),
    "below 0 all are as good": ({32: 0.1, 40: -0.1, 48: -0.2}, 40),
    "one": ({32: 1.0}, 32),
}


@pytest.mark.parametrize(("scores", "size"), BEST.values(), ids=BEST)
def test_the_best_is(scores: dict[int, float], size: int) -> None:
    assert best([SizeScore(each, score, 0.0) for each, score in scores.items()]) == size


def test_what_was_found_is_told_and_worked_at(bundle: Path, network: FeatureNetwork) -> None:
    before = load_bundle(bundle)
    told = chosen(bundle, network, pictures(0), pictures(1))
    after, found = load_bundle(bundle), metrics(bundle)
    sizes = {int(size): each["score"] for size, each in found["sizes"].items()}
    assert [*sizes] == [32, 40, 48, 56, 64]
    assert len({*sizes.values()}) == 5
    assert after.card.process_size == best([SizeScore(*each, 0.0) for each in sizes.items()])
    assert before.card.process_size == before.card.training_size == after.card.training_size
    assert after.card.calibration == before.card.calibration
    assert (found["network"]["sha256"], found["split"]) == (network.digest, "of this test")
    assert found["pictures"]["horse"] == {"pictures": ENOUGH, "sha256": pictures(0).digest}
    assert told == [(done, told[-1][1]) for done in range(1, told[-1][1] + 1)]


def test_the_choice_is_the_same_each_time(bundle: Path, network: FeatureNetwork) -> None:
    chosen(bundle, network, pictures(0), pictures(1))
    once = load_bundle(bundle).card
    chosen(bundle, network, pictures(0), pictures(1))
    assert load_bundle(bundle).card == once


UNMEASURED: dict[str, tuple[Callable[[], tuple[Pictures, Pictures]], str]] = {
    "small": (lambda: (pictures(0, 32), pictures(1, 36)), "no larger than that"),
    "few": (lambda: (pictures(0), pictures(1, count=ENOUGH - 1)), f"{ENOUGH - 1} pictures of a domain"),
}


@pytest.mark.parametrize(("held_out", "why"), UNMEASURED.values(), ids=UNMEASURED)
def test_where_nothing_is_measured_it_is_the_training_size_again(
    held_out: Callable[[], tuple[Pictures, Pictures]], why: str, bundle: Path, network: FeatureNetwork
) -> None:
    save_process_size(bundle, load_bundle(bundle).digest, 48, {})
    assert not chosen(bundle, network, *held_out())
    assert load_bundle(bundle).card.process_size == TRAINED_AT
    assert why in metrics(bundle)["not_measured"]
    assert "sizes" not in metrics(bundle)


def test_pictures_are_not_enlarged(bundle: Path, network: FeatureNetwork) -> None:
    chosen(bundle, network, pictures(0, 45), pictures(1, 45))
    assert [*metrics(bundle)["sizes"]] == ["32", "40"]


def test_a_size_that_is_too_large_for_a_picture_is_not_tried(
    bundle: Path, network: FeatureNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    def limited(size: tuple[int, int], short_side: int) -> tuple[int, int]:
        return working_size(size, short_side, 50 * 50)

    monkeypatch.setattr(module, "working_size", limited)
    chosen(bundle, network, pictures(0), pictures(1))
    assert [*metrics(bundle)["sizes"]] == ["32", "40"]


PROBLEMS = {"memory": torch.OutOfMemoryError("none left"), "pictures": BadDataset("one has gone")}


@pytest.mark.parametrize("problem", PROBLEMS.values(), ids=PROBLEMS)
def test_what_cannot_be_measured_ends_no_training(
    problem: Exception, bundle: Path, network: FeatureNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    def evaluate(sampler: Sampler, *arguments: object, **options: object) -> object:
        if sampler.process_size > fails_above:
            raise problem
        return found(sampler, *arguments, **options)

    found = module.evaluate
    monkeypatch.setattr(module, "evaluate", evaluate)
    fails_above = 40
    chosen(bundle, network, pictures(0), pictures(1))
    assert [*metrics(bundle)["sizes"]] == ["32", "40"]
    fails_above = 0
    chosen(bundle, network, pictures(0), pictures(1))
    assert metrics(bundle)["not_measured"] == "none could be measured"


def test_distances_that_are_no_numbers_do_not_count(
    bundle: Path, network: FeatureNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "fmean", lambda values: nan)
    chosen(bundle, network, pictures(0), pictures(1))
    assert metrics(bundle)["not_measured"] == "none could be measured"


def test_other_calibrations_leave_it(bundle: Path) -> None:
    save_process_size(bundle, load_bundle(bundle).digest, 48, {"found": "before"})
    found = load_bundle(bundle)
    save_calibrations(bundle, found.digest, found.calibrations, found.card.calibration or {})
    assert load_bundle(bundle).card.process_size == 48
    assert metrics(bundle) == {"found": "before"}


def test_a_bundle_that_has_been_replaced_meanwhile_stays_as_it_is(bundle: Path) -> None:
    digest = load_bundle(bundle).digest
    with pytest.raises(DigestMismatch, match="another bundle"):
        save_process_size(bundle, "0" * 64, 48, {})
    assert load_bundle(bundle).digest == digest
