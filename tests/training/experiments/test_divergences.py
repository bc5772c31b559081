import math
from collections.abc import Mapping
from dataclasses import replace

import pytest
import torch

from training.experiments.divergences import METHODS, Protocol, Quadratics, biases, estimate_of, measure
from training.objective.divergences import DIVERGENCES

BRIEF = Protocol(nats=(0.5, 2.0), steps=20, batch_size=64, measured=500)
LARGE = 200_000


def ignore(share: float) -> None:
    pass


class TestWhatIsPlanted:
    @pytest.mark.parametrize("dimensions", [1, 3])
    def test_is_what_the_true_ratio_finds(self, dimensions: int) -> None:
        protocol = Protocol(nats=(0.1, 1.0, 8.0), dimensions=dimensions)
        joint, reference = protocol.draw(LARGE, torch.Generator().manual_seed(0))
        log_reference = -0.5 * (joint.judged.square() + math.log(2 * math.pi)).sum(1)
        log_ratio = joint.conditional.log_prob(joint.judged).sum(1) - log_reference
        assert log_ratio.view(3, -1).mean(1).tolist() == pytest.approx(protocol.nats, rel=0.02)
        assert reference.mean().item() == pytest.approx(0, abs=0.01)
        assert reference.std().item() == pytest.approx(1, abs=0.01)

    def test_is_half_of_it_no_information(self) -> None:
        """The other half: KL[q(z) || p*], of unit variances and a mean that is off."""
        protocol = Protocol(nats=(0.1, 1.0, 8.0))
        joint, _ = protocol.draw(LARGE, torch.Generator().manual_seed(0))
        z = joint.judged.view(3, LARGE, 2)
        assert (z.mean(1).square().sum(1) / 2).tolist() == pytest.approx([0.05, 0.5, 4], rel=0.03)
        assert z.var(1).flatten().tolist() == pytest.approx([1] * 6, abs=0.02)


class TestQuadratics:
    @pytest.fixture
    def quadratics(self) -> Quadratics:
        joint, reference = BRIEF.draw(400, torch.Generator().manual_seed(0))
        examples = [(judged, joint.given) for judged in (joint.judged, reference)]
        self.inputs = [
            torch.cat([part.view(2, -1, 2) for part in each], 1) for each in zip(*examples, strict=True)
        ]
        return Quadratics(2, examples)

    def test_have_products_that_are_orthonormal_over_the_examples(self, quadratics: Quadratics) -> None:
        count = quadratics.weight.shape[1]
        columns = []
        for index in range(count):
            with torch.no_grad():
                quadratics.weight.zero_()[:, index] = 1
            columns.append(quadratics(*(each.flatten(0, 1) for each in self.inputs)).detach().view(2, -1))
        products = torch.stack(columns, dim=2)
        moments = products.mT @ products / products.shape[1]
        torch.testing.assert_close(moments, torch.eye(count).expand(2, -1, -1), atol=1e-3, rtol=0)

    def test_of_one_plant_leave_the_others_alone(self, quadratics: Quadratics) -> None:
        with torch.no_grad():
            quadratics.weight[1] = torch.nan
        first, second = quadratics(torch.ones(6, 2), torch.ones(6, 2)).view(2, 3)
        assert first.tolist() == [0, 0, 0]
        assert second.isnan().all()


def estimates(protocol: Protocol, method: str, seed: int = 0) -> dict[float, float]:
    figures = measure(protocol, method, seed, ignore)
    return {nats: figures[estimate_of(nats)] for nats in protocol.nats}


def near(protocol: Protocol) -> dict[float, object]:
    """Within 5 %, and of a tenth of a nat within what 20,000 draws can tell."""
    return {nats: pytest.approx(nats, rel=0.05, abs=0.015) for nats in protocol.nats}


each_good_method = pytest.mark.parametrize("method", ["gan", "structured"])


@each_good_method
def test_up_to_two_nats_are_found_within_a_twentieth(method: str) -> None:
    protocol = Protocol(nats=(0.5, 1.0, 2.0), steps=1000)
    assert estimates(protocol, method) == near(protocol)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
@each_good_method
def test_up_to_four_nats_are_found_within_a_twentieth(method: str, seed: int) -> None:
    protocol = Protocol(nats=(0.1, 0.5, 1.0, 2.0, 4.0))
    assert estimates(protocol, method, seed) == near(protocol)


class TestMeasuring:
    def test_covers_every_divergence_and_the_structured_ratio(self) -> None:
        assert METHODS.keys() == {*DIVERGENCES, "structured"}

    @pytest.mark.parametrize("method", METHODS)
    def test_tells_the_estimate_and_the_mean_ratio_of_each_plant(self, method: str) -> None:
        shares: list[float] = []
        figures = measure(BRIEF, method, 0, shares.append)
        assert list(figures) == [
            "estimate of 0.5 nats",
            "mean ratio at 0.5 nats",
            "estimate of 2 nats",
            "mean ratio at 2 nats",
        ]
        assert shares == [(step + 1) / 20 for step in range(20)]

    def test_is_a_function_of_the_seed(self) -> None:
        assert estimates(BRIEF, "gan", 1) == estimates(BRIEF, "gan", 1) != estimates(BRIEF, "gan", 2)

    def test_before_any_training_finds_nothing(self) -> None:
        figures = measure(replace(BRIEF, steps=0), "gan", 0, ignore)
        assert list(figures.values()) == [0, 1, 0, 1]


def figures_of(mean: float | None, std: float | None) -> Mapping[str, object]:
    return {"mean": mean, "std": std, "values": []}


def test_bias_is_against_what_was_planted() -> None:
    metrics = {estimate_of(0.5): figures_of(0.625, 0.126), estimate_of(2): figures_of(-1.0, None)}
    broken = {estimate_of(0.5): figures_of(None, None), estimate_of(2): figures_of(45.26, 20.01)}
    table = {"protocol": {"nats": [0.5, 2]}, "methods": {"gan": metrics, "kl": broken}}
    assert biases(table) == {
        "gan": {"0.5 nats": "+0.12±0.13", "2 nats": "-3.00"},
        "kl": {"0.5 nats": "not finite", "2 nats": "+43.3±20.0"},
    }
