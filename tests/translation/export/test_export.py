"""What is exported is the model's function at any size, or is not there."""

import json
from pathlib import Path

import onnx
import onnxruntime
import pytest
import torch
from tiny_architecture import TINY_ARCHITECTURE
from torch import Tensor

from translation.card import Card
from translation.export import FORMATS, OtherResults, export_bundle, formats
from translation.export.direction import Direction, direction_to
from translation.export.parity import compare
from translation.weights import Bundle, load_bundle

SHAPES = [(1, 3, 8, 8), (2, 3, 64, 64), (1, 3, 37, 90), (5, 3, 11, 29)]


def bundle_of(one_way: bool = False, **generator: object) -> Bundle:
    """Untrained, its scales set to what a trained one might have."""
    architecture = TINY_ARCHITECTURE
    changed = architecture.generator.model_copy(update=generator)
    card = Card(
        domains=("horse", "zebra"),
        architecture=architecture.model_copy(update={"generator": changed}),
        training_size=16,
        one_way=one_way,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = card.architecture.build_model(card.domains, one_way)
        for name, parameter in model.named_parameters():
            if "flow" in name:
                torch.nn.init.normal_(parameter, std=0.1)
    return Bundle(card, model.eval(), None, "0" * 64)


def pictures(shape: tuple[int, ...], code_size: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    return torch.rand(shape, generator=generator) * 2 - 1, torch.randn(
        shape[0], code_size, generator=generator
    )


def run_onnx(path: Path, image: Tensor, code: Tensor) -> list[Tensor]:
    session = onnxruntime.InferenceSession(path)
    given = {"image": image.numpy(), "code": code.numpy()}
    outputs = session.run(None, {each.name: given[each.name] for each in session.get_inputs()})
    return [torch.as_tensor(output) for output in outputs]


def run_torch(path: Path, image: Tensor, code: Tensor) -> list[Tensor]:
    module = torch.export.load(path).module()
    return list(module(image, code) if code.shape[1] else module(image))


def assert_same(bundle: Bundle, path: Path, names: list[str], to: str = "zebra") -> None:
    for shape in SHAPES:
        image, code = pictures(shape, bundle.model.code_size)
        with torch.inference_mode():
            expected = bundle.model.conditional(to)(image, code)
            found = (run_onnx if path.suffix == ".onnx" else run_torch)(path, image, code)
        for name, output in zip(names, found, strict=True):
            assert float((output - getattr(expected, name)).abs().max()) * 127.5 < 0.01


def test_onnx_runs_at_any_size_and_says_how(tmp_path: Path) -> None:
    bundle = bundle_of(one_way=True)
    (row,) = export_bundle(bundle, tmp_path / "new/out", "onnx")
    path = tmp_path / "new/out" / row.file
    assert_same(bundle, path, ["mean"])
    session = onnxruntime.InferenceSession(path)
    assert {each.name: each.shape for each in (*session.get_inputs(), *session.get_outputs())} == {
        "image": ["batch", 3, "height", "width"],
        "code": ["batch", 4],
        "mean": ["batch", 3, "height", "width"],
    }
    properties = {each.key: each.value for each in onnx.load(path).metadata_props}
    assert properties["sjmvi.direction"] == "horse -> zebra"
    assert properties["sjmvi.bundle_digest"] == bundle.digest
    assert json.loads(properties["sjmvi.preprocessing"])["range"] == [-1, 1]
    report = json.loads((tmp_path / "new/out/export.json").read_text())
    assert report["directions"][0]["parity"]["levels"] < 0.01
    assert len(report["directions"][0]["parity"]["shapes"]) >= 5


def test_each_direction_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stored: list[Direction] = []

    def store(direction: Direction, _: object) -> bytes:
        stored.append(direction)
        return bytes([len(stored)])

    def load(data: bytes) -> formats.Run:
        return lambda arguments: stored[data[0] - 1](*arguments)

    monkeypatch.setattr("translation.export.bundle.FORMATS", {"x": formats.Format(".x", store, load)})
    exported = export_bundle(bundle_of(), tmp_path, "x")
    assert [(row.file, row.source, row.to) for row in exported] == [
        ("horse_to_zebra.x", "horse", "zebra"),
        ("zebra_to_horse.x", "zebra", "horse"),
    ]
    assert [(tmp_path / row.file).read_bytes() for row in exported] == [b"\1", b"\2"]


GENERATORS = {
    "one number": ({"scale": "learned"}, ["mean", "scale"]),
    "a map": ({"scale": "per-pixel", "name": "antialiased-resnet", "copy_gate": False}, ["mean", "scale"]),
    "copied from elsewhere": ({"copy_shift": 3}, ["mean"]),
    "no code": ({"code_size": 0}, ["mean"]),
}


@pytest.mark.slow
@pytest.mark.parametrize("format_name", FORMATS)
@pytest.mark.parametrize(("generator", "outputs"), GENERATORS.values(), ids=GENERATORS)
def test_every_generator_is_exported_with_its_scale_where_that_is_learned(
    generator: dict[str, object], outputs: list[str], format_name: str, tmp_path: Path
) -> None:
    bundle = bundle_of(**generator)
    for row in export_bundle(bundle, tmp_path, format_name):
        assert_same(bundle, tmp_path / row.file, outputs, row.to)


@pytest.mark.slow
def test_a_published_generator_is_exported(one_way_bundle: Path, tmp_path: Path) -> None:
    bundle = load_bundle(one_way_bundle)
    (row,) = export_bundle(bundle, tmp_path, "onnx")
    assert_same(bundle, tmp_path / row.file, ["mean"])


def test_a_difference_is_found_wherever_it_is() -> None:
    direction = direction_to(bundle_of(), "zebra")
    assert compare(direction, lambda arguments: direction(*arguments), 16).levels == 0
    for levels in (1.0, float("nan")):
        with pytest.raises(OtherResults, match="grey levels"):
            compare(direction, lambda arguments: (direction(*arguments)[0] + levels / 127.5,), 16)  # noqa: B023
    with pytest.raises(OtherResults, match="at 16x16 in a batch of 1"):
        compare(direction, lambda arguments: (direction(*arguments)[0][..., 1:],), 16)


def test_a_file_that_differs_is_not_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = formats.Format(".x", lambda *_: b"", lambda _: lambda arguments: arguments)
    monkeypatch.setattr("translation.export.bundle.FORMATS", {"other": other})
    with pytest.raises(OtherResults, match="no file is left"):
        export_bundle(bundle_of(), tmp_path / "out", "other")
    assert not (tmp_path / "out").exists()
