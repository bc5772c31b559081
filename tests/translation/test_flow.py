"""Pictures whose pixels are taken from elsewhere in them."""

import pytest
import torch
from torch import Tensor

from translation import flow
from translation.flow import moved, moved_levels

SIZE = (12, 17)


def levels(size: tuple[int, int] = SIZE) -> Tensor:
    return torch.randint(256, (3, *size), dtype=torch.uint8)


def shift(right: float, down: float, size: tuple[int, int] = SIZE) -> Tensor:
    return torch.tensor([right, down], dtype=torch.float32)[:, None, None].expand(2, *size)


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


def test_no_shift_is_the_picture_itself() -> None:
    picture = levels()
    torch.testing.assert_close(
        moved(picture[None].float(), shift(0, 0)[None])[0], picture.float(), atol=0.01, rtol=0
    )
    assert torch.equal(moved_levels(picture, shift(0, 0)), picture)


@pytest.mark.parametrize("of", ["float", "levels"])
def test_a_whole_shift_takes_the_pixel_so_far_to_the_right_and_down(of: str) -> None:
    picture, by = levels(), shift(2, 3)
    found = (
        moved(picture[None].float(), by[None])[0].round().byte()
        if of == "float"
        else moved_levels(picture, by)
    )
    assert torch.equal(found[:, :-3, :-2], picture[:, 3:, 2:])


def test_half_a_pixel_is_the_mean_of_two() -> None:
    picture = torch.rand(1, 3, *SIZE)
    found = moved(picture, shift(0.5, 0)[None])
    torch.testing.assert_close(found[..., :-1], (picture[..., 1:] + picture[..., :-1]) / 2)


@pytest.mark.parametrize(("right", "down"), [(100, 0), (-100, 0), (0, 100), (0, -100)])
def test_beyond_an_edge_is_more_of_the_edge(right: float, down: float) -> None:
    picture = levels()
    row = {0: slice(None), 100: slice(-1, None), -100: slice(0, 1)}
    edge = picture[:, row[down], row[right]].expand(-1, *SIZE)
    assert torch.equal(moved_levels(picture, shift(right, down)), edge)


@pytest.mark.parametrize("rows", [1, 5, 12, 100])
def test_bands_make_what_the_whole_makes(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    picture, by = levels((40, 30)), 6 * torch.randn(2, 10, 8)
    whole = moved_levels(picture, by)
    monkeypatch.setattr(flow, "BAND_ROWS", rows)
    assert (moved_levels(picture, by).int() - whole.int()).abs().max() <= 1


def test_at_one_size_levels_move_as_floats_do() -> None:
    picture, by = levels(), 4 * torch.randn(2, *SIZE)
    exact = moved(picture[None].float(), by[None])[0]
    torch.testing.assert_close(moved_levels(picture, by).float(), exact, atol=0.51, rtol=0)
