"""How a traced direction is stored, and run again from what was stored.

onnx     for onnxruntime and every other runtime of that format
torch    torch.export's archive, for torch without this project
"""

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import TypeAlias

import torch
from torch import Tensor

from translation.export.direction import Direction

Run: TypeAlias = Callable[[tuple[Tensor, ...]], tuple[Tensor, ...]]
METADATA = "metadata.json"  # of a torch archive
AXES = ("batch", None, "height", "width")


@dataclass(frozen=True)
class Format:
    """`store` names inputs and outputs as the direction does, and adds metadata; `load` is its inverse."""

    suffix: str
    store: Callable[[Direction, Mapping[str, str]], bytes]
    load: Callable[[bytes], Run]


def _store_onnx(direction: Direction, metadata: Mapping[str, str]) -> bytes:
    import onnx

    logging.getLogger("onnx_ir").setLevel(logging.ERROR)  # which tells how it works
    program = torch.onnx.export(
        direction.trace(),
        input_names=direction.inputs,
        output_names=direction.outputs,
        dynamo=True,
        verbose=False,
    )
    assert program is not None
    model = program.model_proto
    for value in (*model.graph.input, *model.graph.output):
        for axis, name in zip(value.type.tensor_type.shape.dim, AXES, strict=False):
            if axis.dim_param and name:
                axis.dim_param = name
    onnx.helper.set_model_props(model, dict(metadata))
    onnx.checker.check_model(model, full_check=True)
    data: bytes = model.SerializeToString()
    return data


def _load_onnx(data: bytes) -> Run:
    import onnxruntime

    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    names = [each.name for each in session.get_inputs()]

    def run(arguments: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        given = dict(zip(names, (argument.numpy() for argument in arguments), strict=True))
        return tuple(torch.as_tensor(output) for output in session.run(None, given))

    return run


def _store_torch(direction: Direction, metadata: Mapping[str, str]) -> bytes:
    buffer = BytesIO()
    torch.export.save(direction.trace(), buffer, extra_files={METADATA: json.dumps(metadata, indent=1)})
    return buffer.getvalue()


def _load_torch(data: bytes) -> Run:
    module = torch.export.load(BytesIO(data)).module()
    return lambda arguments: tuple(module(*arguments))


FORMATS: Mapping[str, Format] = {
    "onnx": Format(".onnx", _store_onnx, _load_onnx),
    "torch": Format(".pt2", _store_torch, _load_torch),
}
