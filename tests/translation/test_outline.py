import pytest
from tiny_architecture import TINY_ARCHITECTURE
from torch import Tensor, nn

from translation.outline import outlines


def shapes(state: dict[str, Tensor]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape) for name, tensor in state.items()}


def test_an_outline_has_the_shapes_and_nothing_is_drawn_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    architecture = TINY_ARCHITECTURE
    whole = architecture.build_ratios().state_dict()
    with outlines(), monkeypatch.context() as patched:
        patched.setattr(nn.init, "_no_grad_normal_", lambda *_: pytest.fail("drawn"))
        outline = architecture.build_ratios().state_dict()
    assert all(tensor.is_meta for tensor in outline.values())
    assert shapes(outline) == shapes(whole)
