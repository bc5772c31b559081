"""The feature networks that can be had, by what is given: a file's suffix, or the word `inception`.

.onnx    an input (n, 3, S, S) of RGB in [-1, 1]; outputs `features`, (n, D) or a map (n, C, h, w), which
         a single output may be whatever its name, and, where there are, `logits` (n, K) and `maps`
.pt      TorchScript of the same input, S its attribute `input_size`; gives features, or (features, logits)
.pth     the Inception-v3 of FID as torch-fidelity distributes it; `inception` fetches it
"""

import json
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from training.evaluation.features import (
    BATCH,
    BadFeatureNetwork,
    FeatureNetwork,
    Features,
    UnfetchedNetwork,
    features_of,
    file_digest,
    normalised,
)

INCEPTION = "inception"
INCEPTION_DIGEST = "6726825d"  # its sha256 begins so, as its published name says
USUAL_SIDE = 224  # of the field's classifiers, for a network that does not say


def load_feature_network(path: str | Path, device: torch.device | str = "cpu") -> FeatureNetwork:
    """Of `inception` or a file. `device` is where torch's own networks work. Raises BadFeatureNetwork."""
    if str(path) == INCEPTION:
        return load_inception(_fetched_inception(), device)
    suffix = Path(path).suffix.lower()
    if suffix not in LOADERS:
        raise BadFeatureNetwork(f"{path} is none of {', '.join(LOADERS)}, nor the word {INCEPTION}")
    return LOADERS[suffix](Path(path), device)


class OnnxNetwork(FeatureNetwork):
    """By onnxruntime on the CPU, with as many threads as torch has."""

    def __init__(self, path: Path) -> None:
        import onnxruntime
        from onnxruntime.capi import onnxruntime_pybind11_state as faults

        digest, options = file_digest(path), onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        refused = (faults.InvalidProtobuf, faults.InvalidGraph, faults.Fail, faults.NotImplemented)
        try:
            self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        except refused as error:
            raise BadFeatureNetwork(f"{path} is no ONNX network: {error}") from error
        (picture, *others), outputs = self.session.get_inputs(), self.session.get_outputs()
        if others or len(picture.shape) != 4 or picture.shape[1] != 3 or picture.type != "tensor(float)":
            raise BadFeatureNetwork(f"{path} does not take one batch of float pictures (n, 3, S, S)")
        self.input = picture.name
        self.outputs = _outputs(path, [output.name for output in outputs])
        count, side = picture.shape[0], picture.shape[2]
        self.is_fixed = isinstance(count, int)  # a graph may allow of one batch size only
        batch = count if self.is_fixed else BATCH
        digest = _with_external(path, digest)
        super().__init__(path.stem, digest, side if isinstance(side, int) else USUAL_SIDE, batch)

    def look(self, images: Sequence[Image.Image]) -> Features:
        pixels, count = normalised(images, self.side), len(images)
        filler = np.repeat(pixels[-1:], self.batch - count if self.is_fixed else 0, axis=0)
        found = self.session.run(list(self.outputs.values()), {self.input: np.concatenate([pixels, filler])})
        named = dict(zip(self.outputs, (output[:count] for output in found), strict=True))
        return features_of(named["features"], named.get("logits"), named.get("maps"))


def _with_external(path: Path, digest: str) -> str:
    """The digest of the ONNX file, or of it and the files beside it that its weights lie in.

    Raises BadFeatureNetwork.
    """
    import onnx

    beside = sorted(_locations(onnx.load(path, load_external_data=False)))
    digests = {location: file_digest(path.parent / location) for location in beside}
    return sha256(json.dumps([digest, digests]).encode()).hexdigest() if digests else digest


def _locations(message: Any) -> Iterator[str]:  # noqa: ANN401 - protobuf has no types
    """Of all external tensors in it, wherever a graph has them: weights, constants, branches, functions."""
    for field, value in message.ListFields():
        if field.name == "external_data":
            yield from (entry.value for entry in value if entry.key == "location")
        elif field.message_type:
            for each in [value] if hasattr(value, "ListFields") else value:
                yield from _locations(each)


def _outputs(path: Path, names: Sequence[str]) -> dict[str, str]:
    """{what it is: what the graph calls it}."""
    if len(names) == 1:
        return {"features": names[0]}
    if "features" not in names:
        raise BadFeatureNetwork(f"{path} has the outputs {', '.join(names)}: none is named features")
    return {name: name for name in ("features", "logits", "maps") if name in names}


class ScriptedNetwork(FeatureNetwork):
    """TorchScript: a program of tensors, which runs nothing else."""

    def __init__(self, path: Path, device: torch.device | str) -> None:
        digest = file_digest(path)
        try:
            with warnings.catch_warnings():  # deprecated in favour of formats that the field has no files of
                warnings.simplefilter("ignore", FutureWarning)
                self.module = torch.jit.load(path, map_location=device).eval()  # type: ignore[no-untyped-call]
        except (RuntimeError, ValueError) as error:
            raise BadFeatureNetwork(f"{path} is no TorchScript: {str(error).splitlines()[0]}") from error
        self.device = torch.device(device)
        super().__init__(path.stem, digest, int(getattr(self.module, "input_size", USUAL_SIDE)))

    @torch.inference_mode()
    def look(self, images: Sequence[Image.Image]) -> Features:
        found = self.module(torch.from_numpy(normalised(images, self.side)).to(self.device))
        features, logits = (found, None) if isinstance(found, Tensor) else found[:2]
        return features_of(_array(features), None if logits is None else _array(logits))


class Inception(FeatureNetwork):
    """By torch-fidelity, which resamples as the TensorFlow of 2015 did, to 299 pixels."""

    def __init__(self, module: torch.nn.Module, digest: str, device: torch.device | str) -> None:
        super().__init__("inception-v3", digest, 299)
        self.module = module.to(device)
        self.device = torch.device(device)

    @property
    def frechet_name(self) -> str:
        return "FID"

    @property
    def kernel_name(self) -> str:
        return "KID x100"

    @torch.inference_mode()
    def look(self, images: Sequence[Image.Image]) -> Features:
        rows = [self.module(self._pixels(image)) for image in images]  # one by one: each of its own size
        pooled, logits = (torch.cat(column) for column in zip(*rows, strict=True))
        return features_of(_array(pooled), _array(logits))

    def _pixels(self, image: Image.Image) -> Tensor:
        pixels = torch.from_numpy(np.array(image.convert("RGB")))
        return pixels.permute(2, 0, 1)[None].to(self.device)


def load_inception(path: Path, device: torch.device | str) -> Inception:
    """Raises BadFeatureNetwork for any other weights: a distance by them would be no FID."""
    digest = file_digest(path)
    if not digest.startswith(INCEPTION_DIGEST):
        raise BadFeatureNetwork(
            f"{path} is not the Inception of FID: its sha256 begins with {digest[:8]}, not {INCEPTION_DIGEST}"
        )
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    torch.load(path, weights_only=True)  # torch-fidelity would run whatever code lay in it
    return Inception(FeatureExtractorInceptionV3("inception", ["2048", "logits"], str(path)), digest, device)


def _fetched_inception() -> Path:
    """In torch's own cache, downloaded on the first call. Raises UnfetchedNetwork."""
    from torch_fidelity.feature_extractor_inceptionv3 import URL_INCEPTION_V3

    path = Path(torch.hub.get_dir()) / "checkpoints" / str(URL_INCEPTION_V3).rsplit("/", 1)[1]
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            torch.hub.download_url_to_file(URL_INCEPTION_V3, str(path), INCEPTION_DIGEST)
        except (OSError, RuntimeError) as error:
            raise UnfetchedNetwork(
                f"{INCEPTION} cannot be fetched ({error}): get {URL_INCEPTION_V3} elsewhere and give its path"
            ) from error
    return path


def _array(tensor: Tensor) -> np.ndarray:
    return tensor.float().cpu().numpy()


LOADERS: Mapping[str, Callable[[Path, torch.device | str], FeatureNetwork]] = {
    ".onnx": lambda path, device: OnnxNetwork(path),
    ".pt": ScriptedNetwork,
    ".pth": load_inception,
}
