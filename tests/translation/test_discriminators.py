"""What every log-ratio network promises, over the table of discriminators."""

from collections.abc import Callable
from functools import partial

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor, nn

from translation.architecture import Architecture, ConditionalPatchArchitecture
from translation.discriminators import DISCRIMINATORS, patch

BUILDERS = {
    "conditional-patch": partial(DISCRIMINATORS["conditional-patch"], width=4, downsamplings=2, projection=4),
    "antialiased": partial(
        DISCRIMINATORS["conditional-patch"], width=4, downsamplings=2, projection=4, antialiased=True
    ),
    "projected-patch": partial(
        DISCRIMINATORS["projected-patch"], width=4, downsamplings=2, projection=4, mixed=4
    ),
}
HEADS = {"marginal_head", "judged_projection", "given_projection"}
VIEWS = {"conditional-patch": 1, "antialiased": 1, "projected-patch": 5}
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


@pytest.mark.parametrize("name", BUILDERS)
@pytest.mark.parametrize("size", [(24, 24), (31, 64), (64, 45)], ids=str)
def test_both_heads_judge_the_same_patches_of_any_size(name: str, size: tuple[int, int]) -> None:
    judged, given = pictures(*size), pictures(*size)
    network = perturbed(BUILDERS[name]())
    marginal, conditional = network.heads(judged, network.context(given))
    assert marginal.shape == conditional.shape == (2, VIEWS[name], *marginal.shape[2:])
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
    narrow = {name for name, dtype in dtypes.items() if dtype == torch.bfloat16}
    assert {name.split(".")[-1] for name in dtypes.keys() - narrow} == HEADS
    assert not HEADS & {name.split(".")[-1] for name in narrow}


class TestProjected:
    """What is the projected one's alone."""

    @pytest.fixture
    def network(self) -> nn.Module:
        return perturbed(BUILDERS["projected-patch"]())

    def test_every_view_tells_of_the_picture(self, network: nn.Module) -> None:
        judged = pictures(64, 64).requires_grad_()
        views = network.marginal(judged).mean((0, 2, 3))
        slopes = [torch.autograd.grad(view, judged, retain_graph=True)[0].abs().max() for view in views]
        assert min(slopes) > 1e-6

    def test_what_is_pretrained_or_mixed_never_learns(self, network: nn.Module) -> None:
        learning = {name.split(".")[0] for name, weight in network.named_parameters() if weight.requires_grad}
        assert learning == {"pixels", "depths"}

    def test_no_file_has_to_hold_what_is_pretrained(self, network: nn.Module) -> None:
        assert {name.split(".")[0] for name in network.state_dict()} == {"pixels", "depths", "mixture"}

    def test_depths_count_alike_however_many_places_they_have(self, network: nn.Module) -> None:
        marginal = network.marginal(pictures(64, 64))
        coarsest = marginal[:, -1].flatten(1)
        assert len(coarsest[0].unique()) == 4  # of 2 x 2 places, each repeated

    def test_sees_traits_where_a_depth_has_one_place(self, network: nn.Module) -> None:
        assert network.traits(pictures(32, 32)).isfinite().all()

    def test_sees_every_picture_once(self, network: nn.Module) -> None:
        looks: list[int] = []
        network.pretrained.register_forward_hook(lambda module, given, seen: looks.append(len(seen)))
        judged, given = pictures(), pictures()
        network.traits(judged)
        assert len(looks) == 1
        network.marginal(judged)
        assert len(looks) == 2
        network.heads(judged, network.context(given))
        assert len(looks) == 4

    def test_only_it_has_a_mixture(self) -> None:
        with pytest.raises(ValidationError, match="mixed"):
            Architecture.model_validate({"discriminator": {"mixed": 4}})


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
        side = ConditionalPatchArchitecture(downsamplings=downsamplings).smallest_side
        assert network.marginal(pictures(side, side)).shape == (2, 1, 1, 1)
        with pytest.raises(ValueError, match="more than 1 value"):
            network.marginal(pictures(side - 1, side - 1))


def extent(log_ratio: Tensor, judged: Tensor) -> tuple[int, int]:
    """The first and the last row of the picture that the middle patch depends on."""
    middle = log_ratio[0, 0, log_ratio.shape[2] // 2, log_ratio.shape[3] // 2]
    (slope,) = torch.autograd.grad(middle, judged, retain_graph=True)
    rows = slope[0].abs().sum(dim=(0, 2)).nonzero()
    return int(rows.min()), int(rows.max())
