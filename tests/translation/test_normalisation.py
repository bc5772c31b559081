import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from translation.normalisation import instance_norm

DTYPES = [torch.float64, torch.float32, torch.bfloat16]
FORMATS = [torch.contiguous_format, torch.channels_last]


def features(dtype: torch.dtype = torch.float64, mean: float = 0.0) -> Tensor:
    torch.manual_seed(0)
    return (torch.randn(2, 3, 9, 5, dtype=torch.float64) + mean).to(dtype)


@pytest.mark.parametrize("memory_format", FORMATS, ids=str)
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_every_plane_has_mean_0_and_variance_1(
    dtype: torch.dtype, memory_format: torch.memory_format
) -> None:
    normed = instance_norm(features(dtype, mean=2.0).to(memory_format=memory_format))
    expected = F.instance_norm(features(dtype, mean=2.0).double())
    assert normed.dtype == dtype
    torch.testing.assert_close(
        normed, expected.to(dtype), rtol=0.01 if dtype == torch.bfloat16 else 1e-5, atol=1e-5
    )


def test_gain_and_shift_are_a_pictures_and_a_channels() -> None:
    x = features()
    gain, shift = torch.randn(2, 2, 3, dtype=torch.float64)
    expected = F.instance_norm(x) * (1 + gain)[..., None, None] + shift[..., None, None]
    torch.testing.assert_close(instance_norm(x, gain, shift), expected)
    torch.testing.assert_close(instance_norm(x, gain)[0], instance_norm(x[:1], gain[:1])[0])


def test_statistics_of_bfloat16_are_float32() -> None:
    """Where the mean is 30 deviations from zero, bfloat16 knows it to 4 % of one."""
    x, upstream = features(torch.bfloat16, mean=30.0).requires_grad_(), features(torch.bfloat16)
    exact_x = x.detach().double().requires_grad_()
    normed, exact = instance_norm(x), F.instance_norm(exact_x)
    torch.testing.assert_close(normed.double(), exact, rtol=0.005, atol=1e-3)
    (slope,) = torch.autograd.grad(normed, x, upstream)
    (exact_slope,) = torch.autograd.grad(exact, exact_x, upstream.double())
    assert (slope.double() - exact_slope).norm() < 0.01 * exact_slope.norm()


def test_a_plane_of_one_value_is_refused() -> None:
    with pytest.raises(ValueError, match="more than 1 value"):
        instance_norm(torch.zeros(2, 3, 1, 1))
