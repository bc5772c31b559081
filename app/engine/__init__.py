"""Warm models, requests drawn together in batches, deadlines, and a device that may be lost.

engine (a translation's way) -> room (memory for pictures) -> stages (its work in threads)
-> waiting (who shares a batch) -> batcher -> device (the process that has it) -> orders (what is said to it)
-> network (its inside) -> models
outlines (a model without its weights) -> readiness (is one warm)
"""

from app.engine.answer import Answer
from app.engine.collector import EngineCollector
from app.engine.device import Device
from app.engine.engine import Engine
from app.engine.faults import (
    DeadlineExceeded,
    NetworkFailed,
    NetworkHung,
    NotReady,
    OutOfMemory,
    Overloaded,
    TooManyPixels,
    UnreadableCard,
)
from app.engine.limits import EngineLimits

__all__ = [
    "Answer",
    "DeadlineExceeded",
    "Device",
    "Engine",
    "EngineCollector",
    "EngineLimits",
    "NetworkFailed",
    "NetworkHung",
    "NotReady",
    "OutOfMemory",
    "Overloaded",
    "TooManyPixels",
    "UnreadableCard",
]
