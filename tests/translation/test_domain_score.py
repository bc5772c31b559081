import json
from pathlib import Path

import pytest
import torch
from torch import Tensor

from translation import weights
from translation.card import CARD
from translation.domain_score import MIN_HELD_OUT, Calibration, calibrate, judges_of
from translation.model import DensityRatios
from translation.weights import Card, HeldOut, load_bundle, save_bundle, save_calibrations

FEATURES = 6
DOMAINS = ("horse", "zebra")


def traits(pictures: int, seed: int) -> Tensor:
    """As of pictures of one kind: features with tails, one of which never varies, and a log ratio."""
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randn(pictures, 1 + FEATURES, generator=generator, dtype=torch.float64)
    heavy = drawn.sign() * drawn.abs() ** 1.5
    heavy[:, -1] = 0.25
    return heavy


def one(log_ratio: float = 0.0, feature: float = 0.0) -> Tensor:
    picture = torch.zeros(1, 1 + FEATURES)
    picture[0, 0], picture[0, 1], picture[0, -1] = log_ratio, feature, 0.25
    return picture


@pytest.mark.parametrize("held_out", [MIN_HELD_OUT, 60, 200])
@pytest.mark.parametrize("alpha", [0.05, 0.2, 0.5])
def test_of_pictures_like_the_held_out_ones_a_share_of_alpha_scores_up_to_alpha(
    held_out: int, alpha: float
) -> None:
    """The leave-one-out is what keeps this for few of them."""
    scores = [
        Calibration.of(traits(held_out, seed)).double()(traits(100, 1_000 + seed)) for seed in range(100)
    ]
    share = (torch.cat(scores) <= alpha + 1e-9).double().mean().item()
    exact = int(alpha * (held_out + 1) + 1e-9) / (held_out + 1)  # as a rank among so many can say it
    assert share == pytest.approx(exact, abs=0.012)


def test_what_looks_drawn_is_odd_and_what_looks_most_real_is_not() -> None:
    scored = Calibration.of(traits(99, 0))
    assert scored(one(log_ratio=50)).item() == pytest.approx(0.01)
    assert scored(one(log_ratio=-50)).item() > 0.2


def test_what_lies_outside_of_all_that_was_seen_is_odd_whatever_its_ratio_says() -> None:
    scored = Calibration.of(traits(99, 0))
    for feature in (-50, 50):
        assert scored(one(log_ratio=-50, feature=feature)).item() == pytest.approx(0.01)


def test_a_feature_that_never_varied_is_no_division_by_nothing() -> None:
    found = Calibration.of(traits(MIN_HELD_OUT, 0))
    assert all(tensor.isfinite().all() for tensor in found.state_dict().values())
    assert Calibration.of(torch.ones(MIN_HELD_OUT, 4))(torch.ones(2, 4)).tolist() == [1, 1]


def test_a_held_out_picture_is_left_out_of_what_it_is_held_against() -> None:
    known = traits(MIN_HELD_OUT, 3)
    found = Calibration.of(known)
    evidence = []
    for index in range(len(known)):
        others = torch.cat([known[:index], known[index + 1 :]])[:, 1:]
        scale = others.std(0, correction=0).clamp(min=1e-3)
        distance = ((known[index, 1:] - others.mean(0)) / scale).square().mean().log()
        evidence.append(torch.stack([known[index, 0], distance]))
    standard = (torch.stack(evidence) - found.centre) / found.spread
    torch.testing.assert_close(found.oddness, standard.amax(1).float(), rtol=1e-4, atol=1e-4)


def test_too_few_pictures_are_refused() -> None:
    with pytest.raises(ValueError, match="18 held-out pictures, needed are 19"):
        Calibration.of(traits(18, 0))


def test_traits_of_a_judge_are_those_of_each_picture_alone(ratios: DensityRatios) -> None:
    judge = judges_of(ratios, DOMAINS)["horse"]
    pictures = torch.rand(3, 3, 32, 40) * 2 - 1
    found = judge.traits(pictures)
    assert found.shape == (3, 1 + judge.features)
    torch.testing.assert_close(found[:, 0], judge.marginal(pictures).mean((1, 2, 3)))
    torch.testing.assert_close(found[1:2], judge.traits(pictures[1:2]), rtol=1e-4, atol=1e-5)


class TestBundle:
    def test_calibrations_survive(self, bundle: Path) -> None:
        before = load_bundle(bundle)
        picture = torch.rand(1, 3, 32, 40) * 2 - 1
        pictures = [torch.rand(1, 3, 32, 40) * 2 - 1 for _ in range(30)]
        fresh = {"zebra": calibrate(judges_of(before.ratios, DOMAINS)["zebra"], pictures)}
        save_calibrations(bundle, fresh, {"zebra": HeldOut(pictures=30, sha256="a" * 64)})
        after = load_bundle(bundle)
        torch.testing.assert_close(
            after.calibrations["zebra"].state_dict(), fresh["zebra"].state_dict(), rtol=0, atol=0
        )
        assert (after.scorer(picture, "horse"), after.calibrations.keys()) == (None, {"zebra"})
        assert 1 / 31 <= after.scorer(picture, "zebra") <= 1
        assert len(list(bundle.glob("score_*"))) == 1
        assert after.digest != before.digest

    def test_other_weights_are_not_calibrated(self, bundle: Path, ratios: DensityRatios) -> None:
        loaded = load_bundle(bundle)
        assert loaded.card.calibration.keys() == {"horse", "zebra"}
        save_bundle(bundle, loaded.model, ratios, loaded.card)
        assert (load_bundle(bundle).card.calibration, load_bundle(bundle).calibrations) == (None, {})

    @pytest.mark.parametrize(
        ("calibration", "error", "words"),
        [
            ({"cat": {"pictures": 24, "sha256": "0" * 64}}, weights.InvalidBundle, "'cat'"),
            ({"horse": {"pictures": 3, "sha256": "0" * 64}}, weights.InvalidBundle, "19"),
            ({"horse": {"pictures": 1_000_000, "sha256": "0" * 64}}, weights.WeightsMismatch, "do not fit"),
        ],
    )
    def test_a_card_is_not_taken_at_its_word(
        self, bundle: Path, calibration: object, error: type[Exception], words: str
    ) -> None:
        fields = json.loads((bundle / CARD).read_bytes())
        (bundle / CARD).write_text(json.dumps(fields | {"calibration": calibration}))
        with pytest.raises(error, match=words):
            load_bundle(bundle)

    def test_without_ratios_there_is_nothing_to_calibrate(self, one_way_bundle: Path) -> None:
        card = Card.model_validate_json((one_way_bundle / CARD).read_bytes())
        with pytest.raises(ValueError, match="no discriminator"):
            Card.model_validate(
                card.model_dump() | {"calibration": {"horse": {"pictures": 24, "sha256": "0" * 64}}}
            )
