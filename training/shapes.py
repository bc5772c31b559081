"""What may be done because every picture and batch of a run has one size.

CUDA graphs are not used: a step calls each map several times and needs the results of all calls until the
backward pass, while a replayed graph overwrites its earlier results. Nor is channels_last: the instance norm
looks at a plane at a time, and would bring every tensor back. The ratios' networks are not compiled: R1
differentiates them twice, which compiled code cannot do. On a CPU compiled generators were no faster (recipe
quick, one thread: 0.37 s a step, 0.33 s uncompiled).
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from training.memory import pairs_at_once
from training.random_state import random_state_kept
from training.recipe import Precision
from training.trainer import Trainer

log = logging.getLogger(__name__)

BACKEND = "inductor"
REASON_LENGTH = 300  # a compiler's error can be a page


def tune_for_fixed_shapes(device: torch.device, precision: Precision) -> None:
    """cuDNN tries its algorithms once for each shape. What is float32 is multiplied and convolved as TF32, 10
    bits of mantissa, unless the recipe asks for float32 by name."""
    if device.type == "cuda":
        torch.backends.cudnn.benchmark = True
        torch.backends.cudnn.allow_tf32 = precision != "float32"
        torch.set_float32_matmul_precision("highest" if precision == "float32" else "high")


@contextmanager
def of_any_shape() -> Iterator[None]:
    """For pictures of many shapes: cuDNN would try its algorithms anew for each, minutes of it among
    photographs."""
    before = torch.backends.cudnn.benchmark
    torch.backends.cudnn.benchmark = False
    try:
        yield
    finally:
        torch.backends.cudnn.benchmark = before


def compile_generators(trainer: Trainer, size: int) -> None:
    """Before the first step; what cannot be compiled goes on as it is, with a warning that says why.

    The random state, and with it what a run draws, is left alone.
    """
    model = trainer.learner.model
    generators = [model.conditional(domain).generator for domain in model.domains]
    for generator in generators:
        generator.compile(dynamic=False, backend=BACKEND)
    try:
        _try(trainer, size)
    except Exception as error:  # a compiler, a header, a driver: whatever it wants that is not there
        for generator in generators:
            generator._compiled_call_impl = None  # there is no public way back
        log.warning("training.compile: goes on uncompiled: %s", " ".join(str(error).split())[:REASON_LENGTH])


def _try(trainer: Trainer, size: int) -> None:
    """A forward and a backward pass of the maps, and one without a gradient, as the steps will need them."""
    optimisation = trainer.learner.maps_optimisation
    with random_state_kept(trainer.device):
        x, z = torch.rand(2, pairs_at_once(trainer), 3, size, size, device=trainer.device) * 2 - 1
        draws, terms = trainer.forward_maps(x, z)
        optimisation.descent().add(trainer.objective.maps_loss(terms))
        trainer.draw_again(draws)
    optimisation.descent()  # forgets the gradient
