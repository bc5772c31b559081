import hashlib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper
from PIL import Image

from training.evaluation import bench, networks
from training.evaluation.bench import Direction, Remembered, trial_digest
from training.evaluation.features import BadFeatureNetwork, FeatureNetwork, UnfetchedNetwork, normalised
from training.evaluation.figures import EvaluationProtocol
from training.evaluation.networks import Inception, load_feature_network
from training.evaluation.pictures import Pictures, pictures_in_memory

Pair = tuple[Pictures, Pictures]

SIDE = 16


def save_onnx(
    path: Path, outputs: tuple[str, ...] = ("features", "logits"), batch: str | int = "n", side: int = SIDE
) -> Path:
    """The mean colour under every name, as a map of one place where the name is maps."""
    taken = helper.make_tensor_value_info("pixels", TensorProto.FLOAT, [batch, 3, side, side])
    ranks = {name: [batch, 3, 1, 1] if name == "maps" else [batch, 3] for name in outputs}
    given = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in ranks.items()]
    nodes = [
        helper.make_node("GlobalAveragePool", ["pixels"], [name])
        if name == "maps"
        else helper.make_node("ReduceMean", ["pixels", "axes"], [name], keepdims=0)
        for name in outputs
    ]
    axes = helper.make_tensor("axes", TensorProto.INT64, [2], [2, 3])
    graph = helper.make_graph(nodes, "colours", [taken], given, [axes])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.save(model, path)
    return path


def save_scaled(path: Path, within: str) -> Path:
    """The mean colour by a factor that lies in NAME.onnx.data, the graph's own or that of a branch in it."""
    taken = helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["n", 3, SIDE, SIDE])
    given = helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", 3, 1, 1])
    factor = helper.make_tensor("factors", TensorProto.FLOAT, [1024], bytes(4096), raw=True)
    onnx.external_data_helper.set_external_data(factor, f"{path.name}.data")
    factor.ClearField("raw_data")
    one = helper.make_tensor("one", TensorProto.INT64, [1], [0])
    nodes = [
        helper.make_node("GlobalAveragePool", ["pixels"], ["means"]),
        helper.make_node("Gather", ["factors", "one"], ["factor"]),
        helper.make_node("Mul", ["means", "factor"], ["features"]),
    ]
    graph = helper.make_graph(nodes, "scaled", [taken], [given], [factor, one])
    if within == "branch":
        branch = helper.make_graph(nodes, "branch", [], [given], [factor, one])
        yes = helper.make_tensor("yes", TensorProto.BOOL, [], [True])
        either = helper.make_node("If", ["yes"], ["features"], then_branch=branch, else_branch=branch)
        graph = helper.make_graph([either], "branched", [taken], [given], [yes])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    path.write_bytes(model.SerializeToString())
    return path


def mean_colours(pictures: Pictures) -> np.ndarray:
    return normalised(list(pictures), SIDE).mean((2, 3))


@pytest.mark.parametrize("batch", ["n", 4], ids=["any batch", "batches of 4"])
def test_an_onnx_network_gives_what_its_outputs_are_called(
    batch: str | int, tmp_path: Path, test_pictures: Pair
) -> None:
    path = save_onnx(tmp_path / "mean-colour.onnx", ("logits", "features", "maps"), batch)
    network = load_feature_network(path)
    found = network(test_pictures[1])
    assert len(found) == 9
    np.testing.assert_allclose(found.pooled, mean_colours(test_pictures[1]), atol=1e-5)
    assert found.logits is not None
    assert (found.logits.shape, found.maps) == ((9, 3), None)
    maps = network.look([test_pictures[1][0]]).maps
    assert maps is not None
    np.testing.assert_allclose(maps[0, :, 0, 0], found.pooled[0], rtol=1e-5)
    assert network.digest == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (network.frechet_name, network.kernel_name) == ("mean-colour FD", "mean-colour KD x100")


@pytest.mark.parametrize("name", ["anything", "maps"])
def test_the_only_output_of_an_onnx_network_is_its_features(
    name: str, tmp_path: Path, test_pictures: Pair
) -> None:
    network = load_feature_network(save_onnx(tmp_path / "n.onnx", (name,)))
    found = network.look(list(test_pictures[0]))
    np.testing.assert_allclose(found.pooled, mean_colours(test_pictures[0]), atol=1e-5)
    assert (found.logits, found.maps is None) == (None, name != "maps")


@pytest.mark.parametrize("within", ["graph", "branch"])
def test_an_onnx_network_is_known_by_the_weights_beside_it_too(within: str, tmp_path: Path) -> None:
    """One file, whose weights lie in another: both are the network."""
    path, weights = save_scaled(tmp_path / "scaled.onnx", within), tmp_path / "scaled.onnx.data"
    white = Image.new("RGB", (SIDE, SIDE), "white")
    digests, features = [], []
    for scale in (1.0, 2.0, 1.0):
        weights.write_bytes(np.full(1024, scale, np.float32).tobytes())
        scaled = load_feature_network(path)
        digests.append(scaled.digest)
        features.append(scaled([white]).pooled[0, 0])
    assert features == pytest.approx([1, 2, 1])
    assert digests[0] == digests[2] != digests[1]
    assert hashlib.sha256(path.read_bytes()).hexdigest() not in digests


def test_torchscript_gives_features_and_logits(network: FeatureNetwork, test_pictures: Pair) -> None:
    found = network(test_pictures[0])
    assert (network.name, network.side, found.pooled.shape) == ("colours", SIDE, (7, 12))
    np.testing.assert_allclose(found.logits, mean_colours(test_pictures[0]), atol=1e-5)


def test_only_the_inception_of_fid_makes_a_fid(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is given the pixels as they are, of each picture's own size."""
    seen: list[tuple[torch.dtype, tuple[int, ...]]] = []

    def module(pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        seen.append((pixels.dtype, tuple(pixels.shape)))
        means = pixels.float().mean((2, 3))
        return means, means

    network = Inception(SimpleNamespace(to=lambda device: module), "6726825d", "cpu")  # type: ignore[arg-type]
    found = network([Image.new("RGB", (5, 4), "white"), Image.new("RGB", (7, 6), "red")])
    assert seen == [(torch.uint8, (1, 3, 4, 5)), (torch.uint8, (1, 3, 6, 7))]
    assert found.pooled.tolist() == [[255, 255, 255], [255, 0, 0]]
    assert (network.frechet_name, network.kernel_name) == ("FID", "KID x100")


def write(name: str, content: bytes) -> Callable[[Path], Path]:
    def made(folder: Path) -> Path:
        (folder / name).write_bytes(content)
        return folder / name

    return made


BAD: dict[str, tuple[Callable[[Path], Path], str]] = {
    "missing": (lambda folder: folder / "none.onnx", "cannot be read"),
    "suffix": (write("network.bin", b""), "is none of .onnx, .pt, .pth"),
    "no onnx": (write("network.onnx", b"no network"), "is no ONNX network"),
    "no torchscript": (write("network.pt", b"no network"), "is no TorchScript"),
    "other inception": (write("network.pth", b"other"), "is not the Inception of FID"),
    "no features": (lambda folder: save_onnx(folder / "n.onnx", ("a", "b")), "none is named features"),
}


@pytest.mark.parametrize(("make", "message"), BAD.values(), ids=BAD)
def test_what_gives_no_features_is_refused(
    make: Callable[[Path], Path], message: str, tmp_path: Path
) -> None:
    with pytest.raises(BadFeatureNetwork, match=message):
        load_feature_network(make(tmp_path))


def test_an_inception_that_cannot_be_fetched_is_told_with_where_it_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no route to host")

    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", refuse)
    with pytest.raises(UnfetchedNetwork, match="no route to host.*get https://.*6726825d.pth elsewhere"):
        networks.load_feature_network("inception")


def test_features_are_remembered_on_the_disk_by_picture_and_network(
    tmp_path: Path, test_pictures: Pair, network: FeatureNetwork
) -> None:
    pictures = test_pictures[0]
    first = Remembered(network, tmp_path)(pictures.first(4))
    looked: list[int] = []
    found = Remembered(network, tmp_path, tick=looked.append)(pictures)
    assert sum(looked) == 3
    np.testing.assert_array_equal(found.pooled[:4], first.pooled)
    np.testing.assert_allclose(found.pooled, network(pictures).pooled, atol=1e-6)
    other = load_feature_network(save_onnx(tmp_path / "other.onnx"))
    assert len(Remembered(other, tmp_path).missing(pictures)) == 7


def test_what_another_version_of_a_library_computed_is_computed_again(
    tmp_path: Path, test_pictures: Pair, network: FeatureNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = test_pictures[0]
    Remembered(network, tmp_path)(pictures)
    at = Direction("horse", "zebra", *test_pictures, train=None)
    before = trial_digest("", network, EvaluationProtocol(), at, seed=0)
    assert trial_digest("", network, EvaluationProtocol(), at, seed=0) == before
    monkeypatch.setattr(bench, "versions", lambda: {"torch": "9.9"})
    assert len(Remembered(network, tmp_path).missing(pictures)) == 7
    assert trial_digest("", network, EvaluationProtocol(), at, seed=0) != before


def test_a_picture_at_another_size_is_another_picture(network: FeatureNetwork, test_pictures: Pair) -> None:
    store = Remembered(network)
    store(test_pictures[0])
    small = pictures_in_memory(list(test_pictures[0]), size=16)
    assert small[0].size == (20, 16)
    assert len(store.missing(small)) == 7
