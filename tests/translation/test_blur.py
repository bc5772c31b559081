"""Blurred before its strides, a network answers a moved picture with a moved answer, and weighs the same."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from translation.blur import blur
from translation.discriminators.patch import PatchFeatures
from translation.generators import GENERATORS

SIDE = 64


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


def test_a_level_stays_and_the_finest_checkerboard_goes() -> None:
    level = torch.full((1, 2, 8, 8), 0.7)
    torch.testing.assert_close(blur(level), level)
    board = (torch.arange(8)[:, None] + torch.arange(8)).remainder(2).mul(2).sub(1).float().expand(1, 2, 8, 8)
    torch.testing.assert_close(blur(board), torch.zeros(1, 2, 8, 8))


@pytest.mark.parametrize("size", [(8, 8), (9, 6)])
def test_with_a_stride_it_keeps_every_other_pixel_of_the_blurred(size: tuple[int, int]) -> None:
    features = torch.rand(2, 3, *size)
    torch.testing.assert_close(blur(features, stride=2), blur(features)[..., ::2, ::2])


def generator(antialiased: bool) -> nn.Module:
    name = "antialiased-resnet" if antialiased else "resnet"
    arguments = {"width": 8, "blocks": 0, "code_size": 0, "distribution": "laplace", "scale": "fixed"}
    return GENERATORS[name](**arguments, initial_scale=0.1, copy_gate=False)


BUILDERS: dict[str, tuple[Callable[[bool], nn.Module], Callable[[nn.Module, Tensor], Tensor], int]] = {
    "generator": (generator, lambda network, seen: network(seen, torch.zeros(len(seen), 0)).mean, 1),
    "discriminator": (
        lambda antialiased: PatchFeatures(8, 3, antialiased),
        lambda network, seen: network(seen),
        8,
    ),
}


@pytest.mark.parametrize(("build", "ask", "stride"), BUILDERS.values(), ids=BUILDERS)
def test_a_stride_moves_the_answer_less_where_the_picture_moves(
    build: Callable[[bool], nn.Module], ask: Callable[[nn.Module, Tensor], Tensor], stride: int
) -> None:
    """By two pixels, which no stride of four or eight is a divisor of; compared within the frame."""
    picture, networks = torch.rand(4, 3, SIDE + 2, SIDE + 2) * 2 - 1, (build(False), build(True))
    networks[1].load_state_dict(networks[0].state_dict())
    unlike = []
    for network in networks:
        here, there = ask(network, picture[..., 2:, 2:]), ask(network, picture[..., :-2, :-2])
        moved = 2 // stride
        inside = slice(12 // stride + 1, (SIDE - 12) // stride - 1)
        aligned = there.roll((-moved, -moved), (2, 3))
        unlike.append(((here - aligned)[..., inside, inside].square().mean() / here.var()).item())
    assert unlike[1] < 0.8 * unlike[0]
