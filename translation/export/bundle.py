"""All directions of a bundle, each as a file of its own, and export.json, which says how far they differ
from the model."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from translation import durable
from translation.codec import PREPROCESSING
from translation.export.direction import Direction, direction_to
from translation.export.formats import FORMATS
from translation.export.parity import Parity, compare
from translation.packages import version_of
from translation.weights import Bundle

REPORT = "export.json"
TOOLS = ("torch", "onnx", "onnxscript", "onnxruntime")
POSTPROCESSING = {"levels": "(mean + 1) * 127.5, rounded, clamped to 0 to 255", "colour": "sRGB"}


@dataclass(frozen=True)
class ExportedDirection:
    file: str
    sha256: str
    source: str
    to: str
    parity: Parity


def export_bundle(bundle: Bundle, folder: Path, format_name: str) -> tuple[ExportedDirection, ...]:
    """Into a folder, which is made. Nothing is written before every direction is known to be the same
    function as the model's. Raises OtherResults."""
    kind = FORMATS[format_name]
    exported = {}
    for source, to in bundle.card.directions:
        direction = direction_to(bundle, to)
        data = kind.store(direction, metadata(bundle, direction, source, to))
        parity = compare(direction, kind.load(data), bundle.card.process_size)
        file = f"{source}_to_{to}{kind.suffix}"
        exported[ExportedDirection(file, hashlib.sha256(data).hexdigest(), source, to, parity)] = data
    folder.mkdir(parents=True, exist_ok=True)
    for row, data in exported.items():
        durable.write(folder / row.file, data)
    durable.write(folder / REPORT, _report(bundle, format_name, tuple(exported)).encode())
    return tuple(exported)


def metadata(bundle: Bundle, direction: Direction, source: str, to: str) -> dict[str, str]:
    """All that is needed to use the file without this project."""
    card = bundle.card
    rows = {
        "direction": f"{source} -> {to}",
        "bundle_digest": bundle.digest,
        "training_size": str(card.training_size),
        "process_size": str(card.process_size),
        "image": "(batch, 3, height, width), float32 in [-1, 1], RGB; sides of 8 pixels or more",
        "mean": "the translation, as image",
        "preprocessing": json.dumps(card.preprocessing or PREPROCESSING),
        "postprocessing": json.dumps(POSTPROCESSING),
        "licence": card.licence,
    }
    if direction.code_size:
        rows["code"] = f"(batch, {direction.code_size}): draws of N(0, I), one a sample; 0: the mean image"
    if "scale" in direction.outputs:
        rows["scale"] = (
            f"of the {card.architecture.generator.distribution} around the mean, in the units of image"
        )
    return {f"sjmvi.{name}": text for name, text in rows.items()}


def _report(bundle: Bundle, format_name: str, exported: tuple[ExportedDirection, ...]) -> str:
    report = {
        "bundle_digest": bundle.digest,
        "format": format_name,
        "unit": "grey levels of 256, the largest difference between the model and the file",
        "directions": [asdict(row) for row in exported],
        "versions": {name: version for name in TOOLS if (version := version_of(name))},
    }
    return json.dumps(report, indent=1)
