import json
from pathlib import Path

import pytest
import torch
from torch import Tensor

from translation.card import CARD, Card, DigestMismatch, HeldOut, InvalidBundle, WeightsMismatch
from translation.domain_score import MIN_HELD_OUT, Calibration, judges_of
from translation.model import DensityRatios
from translation.weights import load_bundle, save_bundle, save_calibrations

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


@pytest.mark.parametrize("held_out", [MIN_HELD_OUT, 39, 120])
def test_of_pictures_like_the_held_out_ones_a_share_of_alpha_scores_up_to_alpha(held_out: int) -> None:
    """Exactly, on average over held-out sets: among n + 1 pictures each rank is as likely as the others."""
    scores = torch.tensor(
        [
            Calibration.of(known)(new[None])
            for known, new in ((traits(held_out, seed), traits(1, 10_000 + seed)[0]) for seed in range(1_500))
        ],
        dtype=torch.float64,
    )
    for alpha in (0.05, 0.2, 0.5):
        exact = int(alpha * (held_out + 1) + 1e-9) / (held_out + 1)
        deviation = (exact * (1 - exact) / len(scores)) ** 0.5
        assert (scores <= alpha + 1e-9).double().mean().item() == pytest.approx(exact, abs=3 * deviation)


def test_what_looks_drawn_is_odd_and_what_looks_most_real_is_not() -> None:
    scored = Calibration.of(traits(99, 0))
    assert scored(one(log_ratio=50)) == pytest.approx(0.01)
    assert scored(one(log_ratio=-50)) > 0.2


def test_what_lies_outside_of_all_that_was_seen_is_odd_whatever_its_ratio_says() -> None:
    scored = Calibration.of(traits(99, 0))
    for feature in (-50, 50):
        assert scored(one(log_ratio=-50, feature=feature)) == pytest.approx(0.01)


def test_what_never_varied_is_no_division_by_nothing() -> None:
    alike = Calibration.of(torch.ones(MIN_HELD_OUT, 4))
    assert alike(torch.ones(1, 4)) == 1
    assert alike(torch.tensor([[1.0, 1, 1, 2]])) == pytest.approx(0.05)


def test_a_picture_is_held_against_all_others() -> None:
    """Written out, row by row."""
    known, new = traits(MIN_HELD_OUT, 3), traits(1, 4)
    rows, evidence = torch.cat([known, new]), []
    for index in range(len(rows)):
        others = torch.cat([rows[:index], rows[index + 1 :]])[:, 1:]
        scale = others.std(0, correction=0).clamp(min=1e-3)
        distance = ((rows[index, 1:] - others.mean(0)) / scale).square().mean().log()
        evidence.append(torch.stack([rows[index, 0], distance]))
    both = torch.stack(evidence)
    centre = both.quantile(0.5, dim=0)
    odd = ((both - centre) / (both.quantile(0.9, dim=0) - centre)).amax(1)
    expected = float((odd >= odd[-1]).double().mean())
    assert Calibration.of(known).double()(new) == pytest.approx(expected)


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
        pictures = torch.rand(30, 3, 32, 40) * 2 - 1
        with torch.inference_mode():
            fresh = {"zebra": Calibration.of(judges_of(before.ratios, DOMAINS)["zebra"].traits(pictures))}
        held_out = {"zebra": HeldOut(pictures=30, sha256="a" * 64)}
        save_calibrations(bundle, before.digest, fresh, held_out)
        after = load_bundle(bundle)
        torch.testing.assert_close(
            after.calibrations["zebra"].state_dict(), fresh["zebra"].state_dict(), rtol=0, atol=0
        )
        assert (after.scorer(picture, "horse"), after.calibrations.keys()) == (None, {"zebra"})
        assert 1 / 31 <= after.scorer(picture, "zebra") <= 1
        assert len(list(bundle.glob("score_*"))) == 1
        assert after.digest != before.digest

    def test_calibrations_of_another_bundle_are_refused(self, bundle: Path, ratios: DensityRatios) -> None:
        """One that a training replaced in the meantime."""
        before = load_bundle(bundle)
        save_bundle(bundle, before.model, before.ratios, before.card.model_copy(update={"steps": 7}))
        with pytest.raises(DigestMismatch, match="has become another bundle"):
            save_calibrations(bundle, before.digest, before.calibrations, before.card.calibration)
        assert load_bundle(bundle).calibrations == {}

    def test_other_weights_are_not_calibrated(self, bundle: Path, ratios: DensityRatios) -> None:
        loaded = load_bundle(bundle)
        assert loaded.card.calibration.keys() == {"horse", "zebra"}
        save_bundle(bundle, loaded.model, ratios, loaded.card)
        assert (load_bundle(bundle).card.calibration, load_bundle(bundle).calibrations) == (None, {})

    @pytest.mark.parametrize(
        ("calibration", "error", "words"),
        [
            ({"cat": {"pictures": 24, "sha256": "0" * 64}}, InvalidBundle, "'cat'"),
            ({"horse": {"pictures": 3, "sha256": "0" * 64}}, InvalidBundle, "19"),
            ({"horse": {"pictures": 2001, "sha256": "0" * 64}}, InvalidBundle, "2000"),
            ({"horse": {"pictures": 2000, "sha256": "0" * 64}}, WeightsMismatch, "do not fit"),
        ],
    )
    def test_a_card_is_not_taken_at_its_word(
        self, bundle: Path, calibration: object, error: type[Exception], words: str
    ) -> None:
        fields = json.loads((bundle / CARD).read_bytes())
        (bundle / CARD).write_text(json.dumps(fields | {"calibration": calibration}))
        with pytest.raises(error, match=words):
            load_bundle(bundle)

    def test_pictures_too_small_for_the_ratios_are_not_judged(self, bundle: Path) -> None:
        fields = json.loads((bundle / CARD).read_bytes())
        fields["architecture"]["discriminator"]["downsamplings"] = 6
        (bundle / CARD).write_text(json.dumps(fields))
        with pytest.raises(InvalidBundle, match="no picture below 192 pixels, and training_size is 32"):
            load_bundle(bundle)

    def test_without_ratios_there_is_nothing_to_calibrate(self, one_way_bundle: Path) -> None:
        card = Card.model_validate_json((one_way_bundle / CARD).read_bytes())
        with pytest.raises(ValueError, match="no discriminator"):
            Card.model_validate(
                card.model_dump() | {"calibration": {"horse": {"pictures": 24, "sha256": "0" * 64}}}
            )
