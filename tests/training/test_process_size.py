"""A bundle works at the size at which it translates best, and its card says how that was found."""

import shutil
from collections.abc import Callable
from dataclasses import replace
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
from training.process_size import SizedBy, SizeScore, best, choose_process_size, compared
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


def sizes_of(bundle: Path) -> list[int]:
    return [each["size"] for each in metrics(bundle)["sizes"]]


def looks(*offsets: float, pictures: int = 60, seed: int = 0) -> list[np.ndarray]:
    """Features of the same pictures that lie further and further off."""
    drawn = np.random.default_rng(seed).normal(size=(pictures, 6))
    return [drawn + offset for offset in offsets]


def found_of(*offsets: float, pictures: int = 60) -> list[SizeScore]:
    sizes = dict(zip((32, 40, 48), looks(*offsets, pictures=pictures), strict=True))
    return compared({size: [look] for size, look in sizes.items()}, looks(0, pictures=80, seed=1))


def test_the_nearest_size_is_best_where_the_others_are_clearly_further_off() -> None:
    scores = found_of(0.8, 0.1, 0.5)
    assert [each.size for each in scores if each.excess == 0] == [40]
    assert best(scores) == 40
    assert all(each.excess > 3 * each.error for each in scores if each.size != 40)


def test_a_smaller_size_is_taken_that_may_be_as_good() -> None:
    random = np.random.default_rng(2)
    same = looks(0.3)[0]
    noisy = {size: [same + random.normal(scale=1.0, size=same.shape)] for size in (40, 32, 48)}
    scores = compared(noisy, looks(0, pictures=80, seed=1))
    assert min(each.excess for each in scores) == 0
    assert all(each.excess < 3 * each.error for each in scores if each.excess)
    assert best([replace(each, excess=each.error) for each in scores]) == 32


def test_the_error_is_what_other_pictures_would_have_made_of_it() -> None:
    """The deviation of the difference over fresh sets."""

    def difference(seed: int) -> tuple[float, float]:
        random = np.random.default_rng(seed)
        drawn, references = random.normal(size=(60, 4)), random.normal(size=(60, 4))
        scores = compared({32: [drawn * 1.5 + 0.5], 40: [drawn + 0.2]}, [references])
        return scores[0].distance - scores[1].distance, max(each.error for each in scores)

    differences, errors = np.transpose([difference(seed) for seed in range(40)])
    assert np.mean(errors) == pytest.approx(np.std(differences), rel=0.4)


def test_what_was_found_is_told_and_worked_at(bundle: Path, network: FeatureNetwork) -> None:
    before = load_bundle(bundle)
    told = chosen(bundle, network, pictures(0), pictures(1))
    after, found = load_bundle(bundle), metrics(bundle)
    sizes = [SizeScore(**each) for each in found["sizes"]]
    assert [each.size for each in sizes] == [32, 40, 48, 56, 64]
    assert len({each.distance for each in sizes}) == 5
    assert after.card.process_size == best(sizes)
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
    assert sizes_of(bundle) == [32, 40]


def test_a_size_that_is_too_large_for_a_picture_is_not_tried(
    bundle: Path, network: FeatureNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    def limited(size: tuple[int, int], short_side: int) -> tuple[int, int]:
        return working_size(size, short_side, 50 * 50)

    monkeypatch.setattr(module, "working_size", limited)
    chosen(bundle, network, pictures(0), pictures(1))
    assert sizes_of(bundle) == [32, 40]


PROBLEMS = {"memory": torch.OutOfMemoryError("none left"), "pictures": BadDataset("one has gone")}


@pytest.mark.parametrize("problem", PROBLEMS.values(), ids=PROBLEMS)
def test_what_cannot_be_measured_ends_no_training(
    problem: Exception, bundle: Path, network: FeatureNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    def translate(sampler: Sampler, *arguments: object) -> object:
        if sampler.process_size > fails_above:
            raise problem
        return found(sampler, *arguments)

    found = module.translate
    monkeypatch.setattr(module, "translate", translate)
    fails_above = 40
    chosen(bundle, network, pictures(0), pictures(1))
    assert sizes_of(bundle) == [32, 40]
    fails_above = 0
    chosen(bundle, network, pictures(0), pictures(1))
    assert metrics(bundle)["not_measured"] == "none could be measured"


def test_distances_that_are_no_numbers_do_not_count(
    bundle: Path, network: FeatureNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "squared_mmd", lambda sample, reference: nan)
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
