"""What both domains show is drawn as often from either, and their subjects are left alone."""

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from training.augmentation import Pixels
from training.shared_kinds import STRENGTH, Balance, Kinds, KindsOfPlaces, PlaceFeatures, balance


def domain(pictures: int, subject: int, skies: float, random: np.random.Generator) -> Kinds:
    """(pictures, 4): horses, zebras, sky, grass. Half a picture is its subject, the rest sky and grass."""
    h = np.zeros((pictures, 4))
    h[:, subject] = 0.5
    h[:, 2] = np.where(random.random(pictures) < skies, 0.4, 0.0)
    h[:, 3] = 0.5 - h[:, 2]
    return h


@pytest.fixture
def horses() -> Kinds:
    return domain(400, 0, 0.2, np.random.default_rng(0))


@pytest.fixture
def zebras() -> Kinds:
    return domain(300, 1, 0.05, np.random.default_rng(1))


def skies(found: Balance, h_x: Kinds, h_z: Kinds) -> tuple[float, float]:
    return float(found.shares[0] @ h_x[:, 2]), float(found.shares[1] @ h_z[:, 2])


def test_skies_become_as_frequent_in_one_domain_as_in_the_other(horses: Kinds, zebras: Kinds) -> None:
    found = balance(horses, zebras)
    x, z = skies(found, horses, zebras)
    assert horses[:, 2].mean() > 3 * zebras[:, 2].mean()
    assert abs(x - z) < 0.2 * (horses[:, 2].mean() - zebras[:, 2].mean())
    assert zebras[:, 2].mean() < z < x < horses[:, 2].mean()
    assert found.gap[1] < 0.1 * found.gap[0]


def test_subjects_are_no_part_of_it(horses: Kinds, zebras: Kinds) -> None:
    assert balance(horses, zebras).shared_kinds == 2
    alike = balance(*(domain(200, subject, 0.2, np.random.default_rng(2)) for subject in (0, 1)))
    assert alike.gap == pytest.approx((0, 0), abs=1e-12)


def test_shares_are_shares(horses: Kinds, zebras: Kinds) -> None:
    found = balance(horses, zebras)
    assert [shares.shape for shares in found.shares] == [(400,), (300,)]
    assert all(shares.min() > 0 and shares.sum() == pytest.approx(1) for shares in found.shares)
    assert found.pictures[0] < 400
    assert found.pictures[1] < 300


def test_domains_of_one_distribution_are_drawn_as_they_are(horses: Kinds) -> None:
    found = balance(horses, horses[::-1])
    assert found.shares[0] == pytest.approx(np.full(400, 1 / 400))
    assert found.pictures == pytest.approx((400, 400))


def test_domains_that_share_nothing_are_drawn_as_they_are() -> None:
    found = balance(np.array([[1.0, 0.0]] * 3), np.array([[0.0, 1.0]] * 2))
    assert found.shared_kinds == 0
    assert [shares.tolist() for shares in found.shares] == [pytest.approx([1 / 3] * 3), [0.5, 0.5]]


def primal(w_x: Kinds, w_z: Kinds, h_x: Kinds, h_z: Kinds) -> float:
    """As the module's head has it, of the shared kinds 2 and 3."""
    divergences = sum(float((w * np.log(w * len(w))).sum()) for w in (w_x, w_z))
    scale = (h_x.mean(0) + h_z.mean(0))[2:] / 2
    return divergences + STRENGTH * float((np.square(w_x @ h_x - w_z @ h_z)[2:] / scale).sum())


def test_no_other_shares_are_better(horses: Kinds, zebras: Kinds) -> None:
    best, random = balance(horses, zebras).shares, np.random.default_rng(3)
    least = primal(*best, horses, zebras)
    assert least < primal(np.full(400, 1 / 400), np.full(300, 1 / 300), horses, zebras)
    for step in (0.3, 0.03, 0.003):
        for _ in range(50):
            w_x, w_z = (shares * np.exp(step * random.normal(size=len(shares))) for shares in best)
            assert primal(w_x / w_x.sum(), w_z / w_z.sum(), horses, zebras) > least


def painted(sky: bool, random: np.random.Generator) -> Pixels:
    """64 pixels of specks, under a plain sky or not."""
    image = Image.fromarray(random.integers(0, 256, (64, 64, 3), dtype=np.uint8))
    if sky:
        ImageDraw.Draw(image).rectangle((0, 0, 64, 32), fill=(90, 150, 230))
    return np.asarray(image)


@pytest.fixture
def pictures() -> list[Pixels]:
    random = np.random.default_rng(0)
    return [painted(index % 2 == 0, random) for index in range(16)]


class TestKindsOfPlaces:
    def test_a_sky_is_a_kind_of_its_own(self, pictures: list[Pixels], device: torch.device) -> None:
        seen = list(map(PlaceFeatures(device), pictures))
        kinds = KindsOfPlaces(seen, seed=0)
        h = np.stack([kinds.shares(kinds.of(features)) for features in seen])
        assert h.sum(1) == pytest.approx(1)
        under_skies, others = h[::2].mean(0), h[1::2].mean(0)
        assert under_skies[others == 0].sum() > 0.3

    def test_they_depend_on_what_is_seen_and_seed_alone(self) -> None:
        seen = [*np.random.default_rng(0).normal(size=(40, 8, 8, 3)).astype(np.float32)]

        def once(seed: int) -> Kinds:
            return KindsOfPlaces(iter(seen), seed).centres

        assert np.array_equal(once(0), once(0))
        assert not np.array_equal(once(0), once(1))

    @pytest.mark.parametrize("side", [(16, 16), (16, 200), (130, 40)])
    def test_pictures_may_have_any_shape(self, side: tuple[int, int]) -> None:
        features = PlaceFeatures(torch.device("cpu"))(np.zeros((*side, 3), np.uint8))
        kinds = KindsOfPlaces([features], seed=0)
        assert kinds.of(features).shape == features.shape[:2]
        assert kinds.shares(kinds.of(features)).sum() == pytest.approx(1)
