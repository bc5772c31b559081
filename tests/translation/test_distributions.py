import pytest
import torch
from torch import Tensor

from translation.distributions import DISTRIBUTIONS, SCALES, Distribution

REFERENCE = {"normal": torch.distributions.Normal, "laplace": torch.distributions.Laplace}
VARIANCE_OF_SCALE_ONE = {"normal": 1.0, "laplace": 2.0}
KURTOSIS = {"normal": 3.0, "laplace": 6.0}

each_distribution = pytest.mark.parametrize("name", DISTRIBUTIONS)
each_scale = pytest.mark.parametrize("scale", SCALES)


def density(name: str, mean: Tensor, scale: float) -> Distribution:
    return DISTRIBUTIONS[name](mean, torch.tensor(scale, dtype=torch.promote_types(mean.dtype, torch.float)))


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@each_distribution
@pytest.mark.parametrize("shape", [(), (3, 1, 1), (2, 3, 4, 4)], ids=["scalar", "per channel", "per pixel"])
def test_density_is_the_textbooks(name: str, shape: tuple[int, ...]) -> None:
    mean, value = torch.randn(2, 2, 3, 4, 4, dtype=torch.double)
    scale = torch.rand(shape, dtype=torch.double) + 0.1
    ours, reference = DISTRIBUTIONS[name](mean, scale), REFERENCE[name](mean, scale)
    torch.testing.assert_close(ours.log_prob(value), reference.log_prob(value))
    torch.testing.assert_close(ours.entropy(), reference.entropy())


@each_distribution
def test_without_noise_a_draw_is_the_mean_bit_for_bit(name: str) -> None:
    mean = torch.randn(2, 3, 4, 4)
    assert torch.equal(density(name, mean, 0.1).rsample(noise_scale=0), mean)


@each_distribution
def test_same_generator_state_same_draw(name: str) -> None:
    p = density(name, torch.randn(2, 3, 4, 4), 0.1)
    assert torch.equal(p.rsample(generator=seeded()), p.rsample(generator=seeded()))
    assert not torch.equal(p.rsample(), p.rsample())


@each_distribution
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("noise_scale", [None, 0.3], ids=["own noise", "other noise"])
def test_draws_have_the_moments_of_the_noise(
    name: str, dtype: torch.dtype, noise_scale: float | None
) -> None:
    mean = torch.full((500_000,), 0.25, dtype=dtype)
    draws = density(name, mean, 0.1).rsample(noise_scale, seeded())
    standardised = (draws.double() - 0.25) / (noise_scale or 0.1)
    variance = VARIANCE_OF_SCALE_ONE[name]
    assert draws.dtype == torch.promote_types(dtype, torch.float32)
    assert standardised.mean().item() == pytest.approx(0, abs=0.01)
    assert standardised.var().item() == pytest.approx(variance, rel=0.01)
    assert standardised.pow(4).mean().item() / variance**2 == pytest.approx(KURTOSIS[name], rel=0.03)


@each_distribution
def test_draws_carry_the_gradient_of_mean_and_scale(name: str) -> None:
    mean = torch.zeros(2, 3, dtype=torch.double, requires_grad=True)
    scale = torch.tensor(0.5, dtype=torch.double, requires_grad=True)
    draw = DISTRIBUTIONS[name](mean, scale).rsample()
    slopes = torch.autograd.grad(draw.sum(), (mean, scale))
    noise = (draw - mean) / scale
    torch.testing.assert_close(slopes, (torch.ones_like(mean), noise.sum()))


@each_scale
def test_scale_starts_where_it_is_told_and_fits_the_picture(scale: str) -> None:
    torch.manual_seed(0)
    value = SCALES[scale](8, 3, initial=0.1)(torch.randn(2, 8, 5, 7))
    assert value.expand(2, 3, 5, 7).mean().item() == pytest.approx(0.1, rel=0.05)
    assert value.unique().numel() == (2 * 3 * 5 * 7 if scale == "per-pixel" else 1)


@each_scale
def test_every_scale_learns_but_the_fixed_one(scale: str) -> None:
    module = SCALES[scale](8, 3, initial=0.1)
    value, parameters = module(torch.randn(2, 8, 5, 7)), list(module.parameters())
    assert value.requires_grad == bool(parameters) == (scale != "fixed")
    slopes = torch.autograd.grad(value.sum(), parameters) if parameters else ()
    assert all(slope.ne(0).any() for slope in slopes)


@each_scale
def test_scale_keeps_its_own_precision_under_autocast(scale: str) -> None:
    with torch.autocast("cpu", torch.bfloat16):
        single = SCALES[scale](8, 3, initial=0.1)(torch.randn(2, 8, 5, 7, dtype=torch.bfloat16))
    double = SCALES[scale](8, 3, initial=0.1).double()(torch.randn(2, 8, 5, 7, dtype=torch.double))
    assert (single.dtype, double.dtype) == (torch.float32, torch.float64)


def test_pixel_scale_stays_above_half_a_grey_level() -> None:
    module = SCALES["per-pixel"](8, 3, initial=0.1)
    torch.nn.init.constant_(module.get_parameter("head.bias"), -1e4)
    torch.testing.assert_close(module(torch.randn(2, 8, 5, 7)), torch.full((2, 3, 5, 7), 1 / 255))
