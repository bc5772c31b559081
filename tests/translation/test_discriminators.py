"""What every log-ratio network promises, over the table of discriminators."""

from collections.abc import Callable
from functools import partial

import pytest
import torch
from torch import Tensor, nn

from translation.architecture import DiscriminatorArchitecture
from translation.discriminators import DISCRIMINATORS, patch

BUILDERS = {
    "conditional-patch": partial(DISCRIMINATORS["conditional-patch"], width=4, downsamplings=2, projection=4),
    "antialiased": partial(
        DISCRIMINATORS["conditional-patch"], width=4, downsamplings=2, projection=4, antialiased=True
    ),
}
HEADS = {"marginal_head", "judged_projection", "given_projection"}
RECEPTIVE_FIELDS = {1: 16, 2: 34, 3: 70}  # pixels, by downsamplings: Isola et al. (2017), appendix 6.1.2

Build = Callable[..., nn.Module]

each_discriminator = pytest.mark.parametrize("build", BUILDERS.values(), ids=BUILDERS)
each_depth = pytest.mark.parametrize("downsamplings", RECEPTIVE_FIELDS)


def pictures(height: int = 24, width: int = 24) -> Tensor:
    return torch.rand(2, 3, height, width) * 2 - 1


def perturbed(network: nn.Module) -> nn.Module:
    """As if trained: no factor is zero any more."""
    for parameter in network.parameters():
        parameter.data.add_(torch.randn_like(parameter), alpha=0.2)
    return network


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


def test_every_discriminator_is_tried() -> None:
    assert {build.func for build in BUILDERS.values()} == set(DISCRIMINATORS.values())


@each_discriminator
@pytest.mark.parametrize("size", [(24, 24), (31, 64), (64, 45)], ids=str)
def test_both_heads_judge_the_same_patches_of_any_size(build: Build, size: tuple[int, int]) -> None:
    judged, given = pictures(*size), pictures(*size)
    network = perturbed(build())
    marginal, conditional = network.heads(judged, network.context(given))
    assert marginal.shape == conditional.shape == (2, 1, *marginal.shape[2:])
    assert torch.equal(network.marginal(judged), marginal)


@each_discriminator
class TestConditionalHead:
    def test_says_nothing_before_it_has_learned(self, build: Build) -> None:
        network = build()
        _, conditional = network.heads(pictures(), network.context(pictures()))
        assert not conditional.any()

    def test_looks_at_both_pictures_and_the_marginal_head_at_one(self, build: Build) -> None:
        network, judged, given = perturbed(build()), pictures().requires_grad_(), pictures().requires_grad_()
        marginal, conditional = network.heads(judged, network.context(given))
        of_marginal = torch.autograd.grad(
            marginal.sum(), (judged, given), retain_graph=True, allow_unused=True
        )
        assert of_marginal[0].abs().max() > 1e-4
        assert of_marginal[1] is None
        for slope in torch.autograd.grad(conditional.sum(), (judged, given)):
            assert slope.abs().max() > 1e-4


@each_discriminator
def test_only_the_heads_leave_the_bfloat16_region(build: Build) -> None:
    network = perturbed(build())
    dtypes: dict[str, torch.dtype] = {}
    for name, layer in network.named_modules():
        if isinstance(layer, nn.Conv2d):
            layer.register_forward_hook(lambda _, __, out, name=name: dtypes.update({name: out.dtype}))
    judged, given = pictures(), pictures()
    with torch.autocast("cpu", torch.bfloat16):
        log_ratios = network.heads(judged, network.context(given))
    assert {log_ratio.dtype for log_ratio in log_ratios} == {torch.float32}
    assert {name for name, dtype in dtypes.items() if dtype == torch.float32} == HEADS
    assert {name for name, dtype in dtypes.items() if dtype == torch.bfloat16} == dtypes.keys() - HEADS


class TestPatches:
    @each_depth
    def test_have_the_size_that_is_told(self, downsamplings: int, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(patch, "instance_norm", nn.Identity())  # it sees the whole picture
        side = 2 * RECEPTIVE_FIELDS[downsamplings]
        network = perturbed(patch.ConditionalPatchGAN(2, downsamplings, 2))
        judged = pictures(side, side).requires_grad_()
        seen = [extent(head, judged) for head in network.heads(judged, network.context(pictures(side, side)))]
        (first, last), (first_conditional, last_conditional) = seen
        assert last - first + 1 == RECEPTIVE_FIELDS[downsamplings]
        assert first_conditional - first == last - last_conditional > 0  # around the same centre

    @each_depth
    def test_need_a_picture_of_the_smallest_side(self, downsamplings: int) -> None:
        network = patch.ConditionalPatchGAN(2, downsamplings, 2)
        side = DiscriminatorArchitecture(downsamplings=downsamplings).smallest_side
        assert network.marginal(pictures(side, side)).shape == (2, 1, 1, 1)
        with pytest.raises(ValueError, match="more than 1 value"):
            network.marginal(pictures(side - 1, side - 1))


def extent(log_ratio: Tensor, judged: Tensor) -> tuple[int, int]:
    """The first and the last row of the picture that the middle patch depends on."""
    middle = log_ratio[0, 0, log_ratio.shape[2] // 2, log_ratio.shape[3] // 2]
    (slope,) = torch.autograd.grad(middle, judged, retain_graph=True)
    rows = slope[0].abs().sum(dim=(0, 2)).nonzero()
    return int(rows.min()), int(rows.max())
