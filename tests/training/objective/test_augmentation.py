"""What ratios look through: one transform for a pair and its reference, differentiable, off by default."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from training.objective.augmentation import AUGMENTATIONS, PairAugmentation
from training.objective.divergences import DIVERGENCES, GENERATOR_LOSSES
from training.objective.joints import Joint
from training.objective.ratios import LogRatio, gradient_penalty
from training.objective.sjmvi import SJMVI, Draws, Maps, Ratios
from translation.distributions import Normal

ALL = PairAugmentation(tuple(AUGMENTATIONS))
each = pytest.mark.parametrize("name", AUGMENTATIONS)


def pictures(rows: int = 64, height: int = 16, width: int = 24) -> Tensor:
    return torch.rand(rows, 3, height, width) * 2 - 1


@each
def test_rows_differ_and_what_stands_in_one_row_does_not(name: str) -> None:
    one = pictures(1).expand(8, -1, -1, -1)
    drawn, given = PairAugmentation((name,))(one, one.clone())
    assert torch.equal(drawn, given)
    assert drawn.unique(dim=0).shape[0] > 4


@each
def test_a_gradient_comes_through(name: str) -> None:
    judged = pictures().requires_grad_()
    PairAugmentation((name,))(judged)[0].square().sum().backward()
    assert judged.grad is not None
    assert judged.grad.isfinite().all()
    assert judged.grad.flatten(1).abs().sum(1).min() > 0


@each
def test_a_row_is_changed_with_the_probability_given(name: str) -> None:
    before = pictures(2000, 8, 8)
    (after,) = PairAugmentation((name,), probability=0.3)(before)
    share = (before != after).flatten(1).any(1).double().mean().item()
    assert share == pytest.approx(0.3, abs=0.05)


def test_a_translation_is_by_whole_pixels_up_to_an_eighth_and_brings_in_grey() -> None:
    before = pictures()
    (after,) = PairAugmentation(("translation",))(before)
    found = set()
    for picture, moved in zip(before, after, strict=True):
        framed = torch.nn.functional.pad(picture, (3, 3, 2, 2))
        fitting = [
            (down, right)
            for down in range(-2, 3)
            for right in range(-3, 4)
            if torch.equal(framed[:, 2 - down : 18 - down, 3 - right : 27 - right], moved)
        ]
        assert len(fitting) == 1
        found.add(fitting[0])
    assert {down for down, _ in found} == set(range(-2, 3))
    assert {right for _, right in found} == set(range(-3, 4))


def test_a_hole_is_half_a_side_wide_and_grey_and_the_rest_is_as_it_was() -> None:
    before = pictures()
    (after,) = PairAugmentation(("cutout",))(before)
    is_hole = (after == 0).all(1)
    assert torch.equal(after, before.masked_fill(is_hole[:, None], 0))
    heights, widths = is_hole.any(2).sum(1), is_hole.any(1).sum(1)
    assert torch.equal(is_hole.sum((1, 2)), heights * widths)
    assert (heights.max(), widths.max()) == (8, 12)
    assert (heights.min() >= 4, widths.min() >= 6) == (True, True)  # it overhangs the frame by half at most


def test_colours_stay_those_of_a_picture_and_keep_its_places() -> None:
    flat = pictures(64, 1, 1).expand(-1, -1, 4, 4)
    (after,) = PairAugmentation(("colour",))(flat)
    assert torch.allclose(after, after[..., :1, :1].expand_as(after), atol=1e-6)
    lightness = after.mean((1, 2, 3)) - flat.mean((1, 2, 3))
    assert lightness.abs().max() <= 0.5 + 1e-6
    assert lightness.std() > 0.2


class Spy(LogRatio):
    """Remembers what it was asked, and tells by the mean."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[Tensor, Tensor]] = []
        self.weight = nn.Parameter(torch.tensor(2.0))

    def forward(self, judged: Tensor, given: Tensor) -> Tensor:
        self.asked.append((judged.detach(), given.detach()))
        return self.weight * judged.mean((1, 2, 3))


class Copy(nn.Module):
    def forward(self, source: Tensor) -> Normal:
        return Normal(source, torch.tensor(1.0))

    def reconstruct(self, target: Tensor, source: Tensor) -> "Copy":
        self.density, self.code_kl = self(source), target.new_zeros(len(target))
        return self


def draws_of(pair: Tensor) -> Draws:
    joint = Joint(pair, pair, pair, Normal(pair, torch.tensor(1.0)))
    return Draws(joint, joint, pair, pair)


def test_draw_given_and_reference_are_seen_alike_in_both_losses() -> None:
    objective = SJMVI(DIVERGENCES["gan"], GENERATOR_LOSSES["log-ratio"], augment=ALL)
    ratios, draws = Ratios(Spy(), Spy()), draws_of(pictures(4))
    objective.terms(Maps(Copy(), Copy()), ratios, draws)
    objective.ratio_loss(ratios, draws)
    for ratio in (ratios.latent, ratios.observed):
        in_the_maps_loss, on_draws, on_references = ratio.asked
        for judged, given in ratio.asked:
            assert torch.equal(judged, given)
            assert not torch.equal(judged, draws.q.judged)
        assert torch.equal(on_draws[0], on_references[0])
        assert not torch.equal(in_the_maps_loss[0], on_draws[0])


def test_likelihoods_are_of_the_pictures_as_they_are() -> None:
    plain = SJMVI(DIVERGENCES["gan"], GENERATOR_LOSSES["log-ratio"])
    maps, ratios, draws = Maps(Copy(), Copy()), Ratios(Spy(), Spy()), draws_of(pictures(4))
    nells = [objective.terms(maps, ratios, draws).nell for objective in (plain, replace(plain, augment=ALL))]
    assert torch.equal(*nells)


def test_the_penalty_is_on_the_slope_through_the_transform() -> None:
    def doubled(*seen: Tensor) -> tuple[Tensor, ...]:
        return tuple(2 * picture for picture in seen)

    reference, ratio = pictures(4), Spy()
    plain, augmented = (
        gradient_penalty(ratio, reference, reference, *augment) for augment in ((), (doubled,))
    )
    torch.testing.assert_close(augmented, 4 * plain)
    assert torch.equal(ratio.asked[1][0], 2 * reference)
