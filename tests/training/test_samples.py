import pytest
import torch
from tiny_architecture import TINY_ARCHITECTURE
from torch import Tensor

from training.dataset import Batch
from training.samples import code_spread, sample_grid
from translation.architecture import Architecture
from translation.model import TranslationModel, draw_code

SIDE, GAP, SAMPLES, PICTURES = 16, 2, 3, 2


@pytest.fixture(name="model")
def _model() -> TranslationModel:
    torch.manual_seed(0)
    return TINY_ARCHITECTURE.build_model(("horse", "zebra"))


@pytest.fixture(name="batch")
def _batch() -> Batch:
    return Batch(*(torch.rand(2, PICTURES, 3, SIDE, SIDE) * 2 - 1))


def cell(grid: Tensor, row: int, column: int) -> Tensor:
    """(3, SIDE, SIDE) in [-1, 1]."""
    top, left = (GAP + place * (SIDE + GAP) for place in (row, column))
    return grid[:, top : top + SIDE, left : left + SIDE] * 2 - 1


def test_a_row_is_a_picture_its_samples_and_the_way_back(model: TranslationModel, batch: Batch) -> None:
    grid = sample_grid(model, batch, SAMPLES)
    rows = [(picture, "zebra", "horse") for picture in batch.x]
    rows += [(picture, "horse", "zebra") for picture in batch.z]
    assert grid.shape == (3, *(GAP + cells * (SIDE + GAP) for cells in (len(rows), SAMPLES + 2)))
    assert 0 <= grid.min() <= grid.max() <= 1
    for row, (picture, to, back_to) in enumerate(rows):
        torch.testing.assert_close(cell(grid, row, 0), picture)
        for index in range(SAMPLES):
            code = draw_code(0, index, model.code_size)[None]
            sample = model.conditional(to)(picture[None], code).mean
            torch.testing.assert_close(cell(grid, row, 1 + index), sample[0], rtol=0, atol=1e-5)
        mean_code = torch.zeros(1, model.code_size)
        back = model.conditional(back_to)(cell(grid, row, 1)[None], mean_code).mean
        torch.testing.assert_close(cell(grid, row, SAMPLES + 1), back[0], rtol=0, atol=1e-5)


def test_looking_changes_nothing_that_training_draws_or_learns(model: TranslationModel, batch: Batch) -> None:
    random_state = torch.get_rng_state()
    grid, spread = sample_grid(model, batch, SAMPLES), code_spread(model.z_given_x, batch.x)
    assert torch.equal(torch.get_rng_state(), random_state)
    assert torch.equal(sample_grid(model, batch, SAMPLES), grid)
    assert torch.equal(code_spread(model.z_given_x, batch.x), spread)
    assert not grid.requires_grad
    assert not spread.requires_grad
    assert all(weight.grad is None for weight in model.parameters())


def test_code_spread_is_the_standard_deviation_over_codes(model: TranslationModel) -> None:
    source = torch.rand(1, 3, SIDE, SIDE) * 2 - 1
    samples = model.z_given_x(source.expand(400, -1, -1, -1), torch.randn(400, model.code_size)).mean
    deviation = samples.var(dim=0).mean().sqrt()
    spread = code_spread(model.z_given_x, source.expand(400, -1, -1, -1))
    torch.testing.assert_close(spread, deviation, rtol=0.1, atol=0)


def test_dead_codes_have_no_spread(batch: Batch) -> None:
    fields = TINY_ARCHITECTURE.model_dump()
    fields["generator"]["code_size"] = 0
    model = Architecture.model_validate(fields).build_model(("horse", "zebra"))
    assert code_spread(model.z_given_x, batch.x) == 0
