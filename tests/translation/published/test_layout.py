"""A published state dict is the same function here, and what is none is told where it departs."""

from collections.abc import Callable, Mapping

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from translation.architecture import Architecture
from translation.card import WeightsMismatch
from translation.published.layout import PublishedGenerator, recognise

Family = Callable[..., nn.Module]
State = dict[str, Tensor]


def rebuilt(found: PublishedGenerator) -> nn.Module:
    architecture = Architecture(generator=found.architecture, discriminator=None)
    generator = architecture.build_model(("horse", "zebra")).z_given_x.generator
    generator.load_state_dict(generator.state_dict() | found.tensors)
    return generator.eval()


def pictures(size: tuple[int, int] = (16, 24)) -> Tensor:
    torch.manual_seed(1)
    return torch.rand(2, 3, *size) * 2 - 1


@torch.no_grad()
def outputs(theirs: nn.Module, ours: nn.Module, images: Tensor) -> tuple[Tensor, Tensor]:
    """Theirs at a size that it can halve twice, cut to the pictures'."""
    height, width = images.shape[-2:]
    padded = F.pad(images, (0, -width % 4, 0, -height % 4), mode="reflect")
    return theirs(padded)[..., :height, :width].float(), ours(images, images.new_zeros(2, 0)).mean


@pytest.mark.parametrize("blur_up", [False, True], ids=["transposed up", "blurred up"])
@pytest.mark.parametrize("blur_down", [False, True], ids=["strided down", "blurred down"])
class TestFunction:
    @pytest.mark.parametrize("blocks", [6, 9])
    @pytest.mark.parametrize("size", [(32, 32), (17, 31)], ids=str)
    def test_is_the_same(
        self, size: tuple[int, int], blocks: int, blur_down: bool, blur_up: bool, published: Family
    ) -> None:
        """In double precision: nothing but float32's rounding of the output is between them."""
        theirs = published(blocks, 4, blur_down, blur_up)
        found = recognise(theirs.state_dict(), "G.pth")
        assert found.arch == f"resnet_{blocks}blocks"
        expected, given = outputs(theirs.double(), rebuilt(found).double(), pictures(size).double())
        assert expected.std() > 0.1
        torch.testing.assert_close(given, expected, rtol=0, atol=1e-6)

    def test_is_the_same_in_float32_to_a_hundredth_of_a_grey_level(
        self, blur_down: bool, blur_up: bool, published: Family
    ) -> None:
        theirs = published(9, 8, blur_down, blur_up)
        expected, given = outputs(theirs, rebuilt(recognise(theirs.state_dict(), "G.pth")), pictures())
        torch.testing.assert_close(given, expected, rtol=0, atol=0.01 / 127.5)


def old(state: State) -> State:
    """As by torch before 0.4, whose norms stored what they had seen."""
    norms = [name.removesuffix(".bias") for name in state if name.endswith(".bias")][:-1]
    for norm in norms:
        *path, number = norm.split(".")
        layer = ".".join([*path, str(int(number) + 1)])
        channels = len(state[f"{norm}.bias"])
        state[f"{layer}.running_mean"], state[f"{layer}.running_var"] = (
            torch.zeros(channels),
            torch.ones(channels),
        )
        state[f"{layer}.num_batches_tracked"] = torch.tensor(7)
    return state


FORMS: dict[str, Callable[[State], State]] = {
    "statistics of its norms": old,
    "DataParallel": lambda state: {f"module.{name}": tensor for name, tensor in state.items()},
    "both": lambda state: {f"module.{name}": tensor for name, tensor in old(state).items()},
    "half precision": lambda state: {name: tensor.half() for name, tensor in state.items()},
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_form_that_it_was_stored_in_changes_nothing(
    form: Callable[[State], State], published: Family
) -> None:
    state = {name: tensor.half().float() for name, tensor in published(2, blur_up=True).state_dict().items()}
    plain, formed = recognise(state, "G.pth"), recognise(form(dict(state)), "G.pth")
    assert formed.architecture == plain.architecture
    torch.testing.assert_close(formed.tensors, plain.tensors, rtol=0, atol=0)


def without(key: str) -> Callable[[State], State]:
    return lambda state: {name: tensor for name, tensor in state.items() if name != key}


def renamed(before: str, after: str) -> Callable[[State], State]:
    return lambda state: {name.replace(before, after): tensor for name, tensor in state.items()}


def batch_normed(state: State) -> State:
    return state | {"model.2.weight": torch.ones(4), "model.2.bias": torch.zeros(4)}


MISFITS: dict[str, tuple[Callable[[State], State], str]] = {
    "nothing": (lambda _: {}, "is none: there is no tensor"),
    "U-Net": (renamed("model.", "model.model."), r"is model\.model\.1\.weight; known are .*resnet_9blocks"),
    "a weight missing": (without("model.4.weight"), r"is model\.4\.weight, which is missing"),
    "a bias missing": (without("model.1.bias"), r"is model\.1\.bias, which is missing; .*instance norm"),
    "batch norm": (batch_normed, r"is model\.2\.weight, which has no place"),
    "dropout": (
        renamed("conv_block.5", "conv_block.6"),
        r"is model\.10\.conv_block\.5\.weight, .*without dropout",
    ),
    "other widths": (
        lambda state: state | {"model.7.weight": torch.zeros(12, 8, 3, 3)},
        r"is model\.7\.weight, torch.float32 \[12, 8, 3, 3\] where float \[16, 8, 3, 3\] belongs",
    ),
    "integers": (lambda state: state | {"model.1.bias": torch.zeros(4, dtype=torch.int64)}, "torch.int64"),
    "a scalar": (lambda state: state | {"model.1.weight": torch.tensor(1.0)}, r"is model\.1\.weight"),
    "no width": (
        lambda state: state | {"model.1.weight": torch.zeros(0, 3, 7, 7)},
        "width 0 .* out of range",
    ),
}


@pytest.mark.parametrize(("change", "message"), MISFITS.values(), ids=MISFITS)
def test_the_first_key_that_does_not_fit_is_named(
    change: Callable[[State], State], message: str, published: Family
) -> None:
    with pytest.raises(WeightsMismatch, match=message) as refused:
        recognise(change(dict(published().state_dict())), "G.pth")
    assert str(refused.value).startswith("G.pth: ")


def test_a_generator_of_grey_pictures_is_refused(published: Family) -> None:
    with pytest.raises(WeightsMismatch, match=r"model\.1\.weight, .*\[4, 1, 7, 7\].*\[4, 3, 7, 7\]"):
        recognise(published(channels=1).state_dict(), "G.pth")


def test_another_filter_than_the_known_one_is_refused(published: Family) -> None:
    def shifted(state: Mapping[str, Tensor], key: str) -> State:
        return dict(state) | {key: state[key].roll(1, dims=-1)}

    state = published(blur_down=True, blur_up=True).state_dict()
    for key in ("model.7.filt", "model.13.filt"):
        with pytest.raises(WeightsMismatch, match=f"{key}, which is another filter"):
            recognise(shifted(state, key), "G.pth")
