from hashlib import sha256

import pytest
import torch
from tiny_architecture import TINY_ARCHITECTURE
from torch import Tensor

from translation.architecture import StochasticResNetArchitecture
from translation.model import TranslationModel, UnknownDomain, draw_code

GOLDEN_CODES = {
    (7, 0): [-2.0911169, -0.8945675, 0.7601175, -0.4579251],
    (7, 1): [2.0572817, 0.5642598, 0.5140407, 0.6196836],
    (2**63 - 1, 3): [-0.6190522, 0.9876460, -0.5320832, -1.7233776],
}


def model_of(code_size: int) -> TranslationModel:
    torch.manual_seed(0)
    generator = StochasticResNetArchitecture(width=4, blocks=1, code_size=code_size)
    return TINY_ARCHITECTURE.model_copy(update={"generator": generator}).build_model(("horse", "zebra"))


def pictures() -> Tensor:
    return torch.rand(2, 3, 16, 16) * 2 - 1


class TestDirections:
    def test_are_named_by_their_target(self, model: TranslationModel) -> None:
        assert model.conditional("horse") is model.x_given_z
        assert model.conditional("zebra") is model.z_given_x

    def test_know_their_source(self, model: TranslationModel) -> None:
        assert (model.source_of("horse"), model.source_of("zebra")) == ("zebra", "horse")

    def test_are_both_or_one(self, model: TranslationModel) -> None:
        one_way = TINY_ARCHITECTURE.build_model(("horse", "zebra"), one_way=True)
        assert (model.targets, one_way.targets) == (("horse", "zebra"), ("zebra",))
        assert one_way.conditional("zebra") is one_way.z_given_x
        assert one_way.source_of("zebra") == "horse"
        for ask in (one_way.conditional, one_way.source_of):
            with pytest.raises(UnknownDomain, match="translates horse to zebra, not the other way"):
                ask("horse")

    @pytest.mark.parametrize("ask", [TranslationModel.conditional, TranslationModel.source_of])
    def test_to_an_unknown_domain_are_refused(self, model: TranslationModel, ask: object) -> None:
        assert callable(ask)
        with pytest.raises(UnknownDomain, match="'cat'; this model translates to horse and zebra"):
            ask(model, "cat")


class TestMap:
    def test_draws_a_code_of_its_own_where_none_is_given(self) -> None:
        conditional, source = model_of(4).x_given_z, pictures()
        torch.manual_seed(1)
        drawn = conditional(source).mean
        torch.manual_seed(1)
        assert torch.equal(conditional(source, torch.randn(2, 4)).mean, drawn)
        assert not torch.equal(conditional(source).mean, drawn)

    def test_reconstructs_under_codes_of_its_noise_encoder(self) -> None:
        conditional, target, source = model_of(4).x_given_z, pictures(), pictures()
        assert conditional.noise is not None
        with torch.no_grad():  # far from the prior, and sure of it
            conditional.noise.head.bias.copy_(torch.tensor(4 * [5.0] + 4 * [-5.0]))
        found = conditional.reconstruct(target, source)
        posterior = conditional.noise(target, source)
        near, far = conditional(source, posterior.mean).mean, conditional(source, -posterior.mean).mean
        assert (found.density.mean - near).norm() < 0.1 * (found.density.mean - far).norm()
        assert (found.code_kl > 10).all()
        assert found.code_kl.shape == (2,)

    def test_without_codes_is_deterministic_and_costs_nothing(self) -> None:
        conditional, target, source = model_of(0).x_given_z, pictures(), pictures()
        found = conditional.reconstruct(target, source)
        assert torch.equal(found.density.mean, conditional(source).mean)
        assert torch.equal(found.code_kl, torch.zeros(2))
        assert conditional.noise is None


class TestCode:
    @pytest.mark.parametrize(("seed", "index"), GOLDEN_CODES)
    @pytest.mark.parametrize("temperature", [1.0, 0.5, 0.0])
    def test_is_the_same_on_every_machine_for_ever(self, seed: int, index: int, temperature: float) -> None:
        expected = torch.tensor(GOLDEN_CODES[seed, index])
        code = draw_code(seed, index, len(expected), temperature)
        assert code.dtype == torch.float32
        torch.testing.assert_close(code, temperature * expected, rtol=0, atol=1e-6)

    def test_does_not_depend_on_the_vector_unit_where_it_is_long(self) -> None:
        """From 16 numbers on torch draws float32 by another way, which depends on the CPU."""
        stream = int.from_bytes(sha256(b"7/0").digest()[:8], "big") >> 1
        wide = torch.randn(40, generator=torch.Generator().manual_seed(stream), dtype=torch.float64)
        assert torch.equal(draw_code(7, 0, 40), wide.float())

    def test_neither_reads_nor_moves_the_global_random_state(self) -> None:
        torch.manual_seed(1)
        before = torch.get_rng_state()
        code = draw_code(7, 0, 4)
        assert torch.equal(torch.get_rng_state(), before)
        torch.manual_seed(2)
        assert torch.equal(draw_code(7, 0, 4), code)

    def test_is_standard_normal_and_of_its_seed_and_index_alone(self) -> None:
        codes = torch.stack([draw_code(seed, index, 8) for seed in range(40) for index in range(40)])
        assert len(codes.unique(dim=0)) == len(codes)
        assert codes.mean(0).abs().max() < 0.1
        torch.testing.assert_close(codes.T.cov(), torch.eye(8), rtol=0, atol=0.1)
