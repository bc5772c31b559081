"""Identity and the recovery of codes: whom they teach, what they are at known maps, what they leave alone."""

from dataclasses import replace

import pytest
import torch
from tiny_architecture import TINY_ARCHITECTURE
from torch import Tensor, nn

from training.objective.augmentation import PairAugmentation
from training.objective.beyond import BothWays, code_recovery, identity
from training.objective.divergences import DIVERGENCES, GENERATOR_LOSSES
from training.objective.joints import Sampling
from training.objective.likelihoods import Reconstruction
from training.objective.ratios import FreeRatio
from training.objective.sjmvi import SJMVI, Maps, Ratios, Weights
from translation.distributions import Normal

PLAIN = SJMVI(DIVERGENCES["gan"], GENERATOR_LOSSES["log-ratio"], Sampling(0.1, "both"))
ASKED = replace(PLAIN, weights=Weights(identity=2.0, code_recovery=3.0))


class Coded(nn.Module):
    """target = source + gain * code, inferred as slope * (target - source)."""

    def __init__(self, gain: float, slope: float) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.tensor(gain))
        self.slope = nn.Parameter(torch.tensor(slope))

    def forward(self, source: Tensor, code: Tensor | None = None) -> Normal:
        code = self.draw_code(source) if code is None else code
        return Normal(source + self.gain * code, torch.tensor(1.0))

    def draw_code(self, source: Tensor) -> Tensor:
        return torch.randn_like(source)

    def infer_code(self, target: Tensor, source: Tensor) -> Tensor:
        return self.slope * (target - source)

    def reconstruct(self, target: Tensor, source: Tensor) -> Reconstruction:
        return Reconstruction(self(source), target.new_zeros(len(target)))


class Product(nn.Module):
    def forward(self, judged: Tensor, given: Tensor) -> Tensor:
        return judged * given


RATIOS = Ratios(FreeRatio(Product()), FreeRatio(Product()))


@pytest.mark.parametrize("term", ["identity", "code_recovery"])
@pytest.mark.parametrize("way", ["observed", "latent"])
def test_each_way_teaches_its_own_map_alone(term: str, way: str) -> None:
    maps = Maps(x_given_z=Coded(0.5, 0.5), z_given_x=Coded(0.5, 0.5))
    terms = ASKED.terms(maps, RATIOS, ASKED.draw(maps, torch.randn(8, 3), torch.randn(8, 3)))
    getattr(getattr(terms, term), way).backward()
    taught, other = (maps.x_given_z, maps.z_given_x)[:: 1 if way == "observed" else -1]
    assert taught.gain.grad.abs() > 0
    assert other.gain.grad is None
    assert (taught.slope.grad is not None) == (term == "code_recovery")


@pytest.mark.parametrize(("gain", "slope", "nats"), [(2.0, 0.5, 0.0), (0.0, 0.5, 1.5), (2.0, 0.0, 1.5)])
def test_a_code_that_is_told_costs_nothing_and_a_dead_one_half_its_size(
    gain: float, slope: float, nats: float
) -> None:
    joint = Sampling(0.0).draw_coded(conditional := Coded(gain, slope), torch.randn(20_000, 3))
    found = code_recovery(conditional, joint, lambda *seen: seen)
    assert found.item() == pytest.approx(nats, abs=0.05)


def test_recovery_wakes_a_code_that_is_nearly_dead_against_the_noise() -> None:
    conditional = Coded(gain=1e-3, slope=1e-3)
    optimiser = torch.optim.Adam(conditional.parameters(), 0.02)
    for _ in range(300):
        loss = code_recovery(
            conditional, Sampling(0.1).draw_coded(conditional, torch.randn(64, 3)), lambda *s: s
        )
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert conditional.gain.abs() > 0.5
    assert loss.item() < 0.15


def test_the_encoder_sees_the_draw_and_not_the_given_through_the_augmentation() -> None:
    objective = replace(ASKED, augment_coded=lambda *seen: tuple(0 * picture for picture in seen))
    maps = Maps(Coded(2.0, 1.0), Coded(2.0, 1.0))
    draws = objective.draw(maps, torch.randn(8, 3), torch.randn(8, 3))
    found = objective.terms(maps, RATIOS, draws).code_recovery
    expected = 0.5 * (draws.q.code + draws.q.given).square().sum(1).mean()
    torch.testing.assert_close(found.latent, expected)


def test_identity_is_the_likelihood_of_a_picture_given_itself_under_the_priors_codes() -> None:
    target = torch.randn(20_000, 3)
    expected = 3 * (0.5 * 2.0**2 + 0.5 * torch.log(torch.tensor(2 * torch.pi)))
    assert identity(Coded(2.0, 0.0), target, "sum").item() == pytest.approx(expected.item(), rel=0.02)


def test_the_maps_loss_takes_both_ways_of_each_by_its_weight() -> None:
    maps = Maps(Coded(0.5, 0.5), Coded(0.5, 0.5))
    terms = ASKED.terms(maps, RATIOS, ASKED.draw(maps, torch.randn(8, 3), torch.randn(8, 3)))
    bound = ASKED.maps_loss(replace(terms, identity=None, code_recovery=None))
    added = ASKED.maps_loss(terms) - bound
    identities, codes = terms.identity, terms.code_recovery
    assert isinstance(identities, BothWays)
    assert isinstance(codes, BothWays)
    expected = 2 * (identities.observed + identities.latent) + 3 * (codes.observed + codes.latent)
    torch.testing.assert_close(added, expected)
    assert {"identity_latent", "code_recovery_observed"} <= terms.named().keys()


def test_what_has_no_weight_is_not_there_and_keeping_codes_changes_no_draw() -> None:
    maps = TINY_ARCHITECTURE.build_model(("horse", "zebra"))
    maps = Maps(maps.x_given_z, maps.z_given_x)
    x, z = torch.rand(2, 2, 3, 16, 16) * 2 - 1
    found = []
    for objective in (PLAIN, ASKED):
        torch.manual_seed(1)
        found.append(objective.draw(maps, x, z))
    assert torch.equal(found[0].q.drawn, found[1].q.drawn)
    assert torch.equal(found[0].p.drawn, found[1].p.drawn)
    assert found[0].q.code is None
    assert (
        not PLAIN.terms(maps, RATIOS, found[0]).named().keys()
        - set(vars(PLAIN.weights))
        - {
            "code_observed",
            "code_latent",
        }
    )


def test_a_translations_code_can_be_told_through_pictures_transformed() -> None:
    model = TINY_ARCHITECTURE.build_model(("horse", "zebra"))
    maps = Maps(model.x_given_z, model.z_given_x)
    objective = replace(ASKED, augment_coded=PairAugmentation(("colour",)))
    terms = objective.terms(maps, RATIOS, objective.draw(maps, *torch.rand(2, 2, 3, 16, 16)))
    terms.code_recovery.latent.backward()
    assert model.z_given_x.generator.stem.weight.grad.abs().sum() > 0
    assert model.z_given_x.noise.head.weight.grad.abs().sum() > 0
