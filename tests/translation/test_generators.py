"""What every generator promises, over the table of generators."""

from collections.abc import Callable
from functools import partial

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from translation.distributions import DISTRIBUTIONS, SCALES
from translation.flow import moved
from translation.generators import GENERATORS
from translation.generators.noise import NoiseEncoder, kl_from_standard_normal

SIZES = [(8, 8), (9, 17), (31, 64), (64, 45)]
CODE_SIZE = 3
DEFAULTS = {"width": 4, "blocks": 1, "distribution": "laplace", "scale": "fixed", "initial_scale": 0.1}
STOCHASTIC = {
    "resnet with a gate": ("resnet", {"code_size": CODE_SIZE, "copy_gate": True}),
    "resnet that shifts": ("resnet", {"code_size": CODE_SIZE, "copy_gate": True, "copy_shift": 3}),
    "antialiased": ("antialiased-resnet", {"code_size": CODE_SIZE, "copy_gate": False}),
    "resnet without": ("resnet", {"code_size": CODE_SIZE, "copy_gate": False}),
}
DETERMINISTIC = {
    "deterministic": ("deterministic-resnet", {"down": "strided", "up": "transposed"}),
    "deterministic, blurred": ("deterministic-resnet", {"down": "blurred", "up": "blurred"}),
}
ARGUMENTS = STOCHASTIC | DETERMINISTIC
BUILDERS = {
    label: partial(GENERATORS[name], **{**DEFAULTS, **arguments})
    for label, (name, arguments) in ARGUMENTS.items()
}

Build = Callable[..., nn.Module]

each_generator = pytest.mark.parametrize("build", BUILDERS.values(), ids=BUILDERS)
each_stochastic = pytest.mark.parametrize("build", [BUILDERS[label] for label in STOCHASTIC], ids=STOCHASTIC)
each_size = pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")


def pictures(size: tuple[int, int] = (16, 16), batch: int = 2) -> Tensor:
    return torch.rand(batch, 3, *size) * 2 - 1


def codes(batch: int = 2, size: int = CODE_SIZE) -> Tensor:
    return torch.randn(batch, size)


def shifting(generator: nn.Module) -> nn.Module:
    """With a flow that moves something, where it has one."""
    if getattr(generator, "flow", None) is not None:
        nn.init.normal_(generator.flow.weight, std=0.1)
    return generator


def parts(generator: nn.Module, source: Tensor, code: Tensor) -> list[Tensor]:
    """What it paints."""
    return [part for part in vars(generator.paint(source, code)).values() if part is not None]


def exaggerated(network: nn.Module) -> nn.Module:
    """With weights so large that outputs reach their bounds."""
    for parameter in network.parameters():
        parameter.data.mul_(20)
    return network


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


def test_every_generator_is_tried() -> None:
    assert {name for name, _ in ARGUMENTS.values()} == set(GENERATORS)


@each_generator
@each_size
def test_any_size_in_is_the_size_out_within_the_pictures_range(build: Build, size: tuple[int, int]) -> None:
    mean = exaggerated(build())(pictures(size), codes()).mean
    assert mean.shape == (2, 3, *size)
    assert -1 <= mean.min() < -0.9
    assert 0.9 < mean.max() <= 1


@each_generator
@each_size
def test_an_odd_size_is_mirrored_up_to_the_stride_and_cropped(build: Build, size: tuple[int, int]) -> None:
    """At the right and at the bottom, so that no pixel moves."""
    generator, source, code = shifting(build()), pictures(size), codes()
    height, width = size
    larger = F.pad(source, (0, -width % generator.stride, 0, -height % generator.stride), mode="reflect")
    for part, of_larger in zip(parts(generator, source, code), parts(generator, larger, code), strict=True):
        torch.testing.assert_close(part, of_larger[..., :height, :width])


@each_generator
@each_size
def test_a_mean_is_the_painting_blended_with_the_source(build: Build, size: tuple[int, int]) -> None:
    generator, source, code = exaggerated(shifting(build())), pictures(size), codes()
    painting = generator.paint(source, code)
    assert painting.colour.shape == (2, 3, *size)
    assert painting.gate.shape == (2, 1, *size)
    assert 0 <= painting.gate.min() <= painting.gate.max() <= 1
    copied = source if painting.shift is None else moved(source, painting.shift)
    blend = painting.gate * painting.colour + (1 - painting.gate) * copied
    torch.testing.assert_close(generator(source, code).mean, blend)


class TestShift:
    BUILD = BUILDERS["resnet that shifts"]

    def test_is_none_at_the_start(self) -> None:
        shift = self.BUILD().paint(pictures(), codes()).shift
        assert torch.equal(shift, torch.zeros(2, 2, 16, 16))

    def test_reaches_as_far_as_it_may_and_no_farther(self) -> None:
        shift = exaggerated(shifting(self.BUILD())).paint(pictures(), codes()).shift
        assert 2.5 < shift.abs().max() <= 3

    def test_learns_from_the_start(self) -> None:
        """Zero is no dead end: a picture that lies a pixel away is found."""
        generator, source = self.BUILD(code_size=0), F.avg_pool2d(pictures((20, 20)), 5, stride=1)
        generator.head.bias.data[3] = -100.0  # copied alone
        target = moved(source, torch.ones(2, 2, 16, 16))
        adam = torch.optim.Adam(generator.flow.parameters(), 0.003)
        for _ in range(150):
            loss = F.mse_loss(generator(source, codes(size=0)).mean, target)
            adam.zero_grad()
            loss.backward()
            adam.step()
        assert loss < 0.1 * F.mse_loss(source, target)


@each_generator
@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_output_is_a_density_over_the_picture(build: Build, distribution: str, scale: str) -> None:
    density = build(distribution=distribution, scale=scale)(pictures((9, 17)), codes())
    assert isinstance(density, DISTRIBUTIONS[distribution])
    assert (density.scale > 0).all()
    assert density.scale.ndim == (4 if scale == "per-pixel" else 0)
    for of_the_picture in (density.rsample(), density.log_prob(pictures((9, 17))), density.entropy()):
        assert of_the_picture.shape == (2, 3, 9, 17)
        assert of_the_picture.isfinite().all()


@each_stochastic
class TestCode:
    def test_changes_the_picture(self, build: Build) -> None:
        generator, source = build(), pictures()
        first, second = generator(source, codes()).mean, generator(source, codes()).mean
        assert (first - second).abs().amax(dim=(1, 2, 3)).min() > 1e-4

    def test_and_source_decide_the_picture(self, build: Build) -> None:
        generator, source, code = build(), pictures(), codes()
        assert torch.equal(generator(source, code).mean, generator(source, code).mean)

    def test_of_one_picture_does_not_change_another(self, build: Build) -> None:
        generator, source, code = build(), pictures(), codes()
        together, alone = generator(source, code).mean[:1], generator(source[:1], code[:1]).mean
        torch.testing.assert_close(together, alone, rtol=0, atol=1e-5)

    def test_may_be_none_at_all(self, build: Build) -> None:
        mean = build(code_size=0)(pictures(), codes(size=0)).mean
        assert mean.shape == (2, 3, 16, 16)


@each_generator
@pytest.mark.parametrize("scale", SCALES)
def test_bfloat16_networks_give_float32_densities(build: Build, scale: str) -> None:
    generator, source, code = build(scale=scale), pictures((9, 17)), codes()
    exact = generator(source, code)
    with torch.autocast("cpu", torch.bfloat16):
        density = generator(source, code)
    assert (density.mean.dtype, density.scale.dtype) == (torch.float32, torch.float32)
    assert not torch.equal(density.mean, exact.mean)
    torch.testing.assert_close(density.mean, exact.mean, rtol=0, atol=0.03)
    torch.testing.assert_close(density.scale, exact.scale, rtol=0, atol=0.01)


class TestNoiseEncoder:
    @each_size
    def test_takes_any_size(self, size: tuple[int, int]) -> None:
        posterior = NoiseEncoder(4, CODE_SIZE)(pictures(size), pictures(size))
        assert posterior.mean.shape == posterior.scale.shape == (2, CODE_SIZE)
        assert (posterior.scale > 0).all()

    def test_starts_near_the_prior(self) -> None:
        """So that the bound begins without a price for its codes."""
        assert kl_from_standard_normal(NoiseEncoder(4, 8)(pictures(), pictures())).max() < 0.1

    def test_sees_the_colour_of_both_pictures(self) -> None:
        encoder, target, source = exaggerated(NoiseEncoder(4, CODE_SIZE)), pictures(), pictures()
        means = [
            encoder(*pair).mean for pair in ((target, source), (target / 2, source), (target, source / 2))
        ]
        assert (means[0] - means[1]).abs().max() > 0.01
        assert (means[0] - means[2]).abs().max() > 0.01

    def test_bfloat16_networks_give_float32_codes(self) -> None:
        with torch.autocast("cpu", torch.bfloat16):
            posterior = NoiseEncoder(4, CODE_SIZE)(pictures(), pictures())
        assert posterior.rsample().dtype == torch.float32
        assert kl_from_standard_normal(posterior).dtype == torch.float32

    def test_kl_is_the_textbooks(self) -> None:
        posterior = exaggerated(NoiseEncoder(4, CODE_SIZE))(pictures(), pictures())
        ours = torch.distributions.Normal(posterior.mean, posterior.scale)
        prior = torch.distributions.Normal(torch.zeros(()), torch.ones(()))
        expected = torch.distributions.kl_divergence(ours, prior).sum(1)
        torch.testing.assert_close(kl_from_standard_normal(posterior), expected)
