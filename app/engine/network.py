"""Inside the process that has the device: one order after another, each answered, whatever happens."""

import signal
import traceback
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection

import torch

from app.engine.models import WarmModels
from app.engine.orders import Order, Outcome, Reply
from translation.card import InvalidBundle
from translation.device import is_out_of_memory, keep_freed_memory, pick_device

LOST = ("CUDA error", "CUBLAS_STATUS", "CUDNN_STATUS")  # what is said where there is no class for it


def run(connection: Connection, device: str, max_models_bytes: int) -> None:
    """Ends with the service, or with its device: after a CUDA error nothing works in the same process."""
    for number in (signal.SIGINT, signal.SIGTERM):  # they are for the service, which drains before it stops
        signal.signal(number, signal.SIG_IGN)
    processor = pick_device(device)
    keep_freed_memory(processor)
    models = WarmModels(processor, max_models_bytes)
    outcome = Outcome.DONE
    with suppress(EOFError, OSError):
        connection.send(models.warmth)  # here, and ready to read
        while outcome is not Outcome.DEVICE_LOST:
            reply = answer(connection.recv(), models)
            connection.send(reply)
            outcome = reply.outcome


def answer(order: Order, models: WarmModels) -> Reply:
    reply = _attempt(order, models)
    if reply.outcome is Outcome.OUT_OF_MEMORY:  # whose frames, with all that they held, are gone by now
        models.give_back(order.version if order.requests else None)
    return reply if reply.outcome is Outcome.DEVICE_LOST else replace(reply, warmth=models.warmth)


def _attempt(order: Order, models: WarmModels) -> Reply:
    try:
        sampler = models.get(order.version)
        results = sampler.sample(order.requests, order.batch) if order.requests else ()
        return Reply(Outcome.DONE, tuple(results))
    except InvalidBundle as error:
        return Reply(Outcome.INVALID_BUNDLE, text=str(error))
    except Exception as error:  # the service hears of it, and the next order may fare better
        return Reply(_outcome_of(error), text="".join(traceback.format_exception(error)))


def _outcome_of(error: Exception) -> Outcome:
    if is_out_of_memory(error):
        return Outcome.OUT_OF_MEMORY
    is_lost = isinstance(error, torch.AcceleratorError) or any(sign in str(error) for sign in LOST)
    return Outcome.DEVICE_LOST if is_lost else Outcome.FAILED
