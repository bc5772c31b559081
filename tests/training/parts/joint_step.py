"""A step on a batch that comes in parts. As a program: that of RANK among WORLD_SIZE, to OUT/RANK.pt."""

import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from training.build import build_autocast, build_learner, build_objective, build_schedule
from training.callbacks import Callback
from training.checkpoint import CheckpointFolder
from training.config import load_recipe
from training.dataset import Batch
from training.distributed import ALONE, Processes, joined
from training.trainer import StepReport, Trainer

TINY = str(Path(__file__).parents[1] / "tiny.toml")
CPU = torch.device("cpu")
STILL = ["optimisation.maps_rate=1e-12", "optimisation.ratios_rate=1e-12"]  # draws again are the same draws
CASES = {
    "codes, noise, R1 and three updates of the ratios": (*STILL, "optimisation.ratio_steps=3"),
    "CycleGAN": ("objective.preset=cyclegan", "objective.conditioning=0", "model.generator.code_size=0"),
    "sums over dimensions and a ratio that is not bounded": (
        *("objective.reduction=sum", "objective.divergence=kl", "model.generator.scale=per-pixel"),
    ),
    "parts of unequal size": ("training.batch_size=5",),
    "parts of parts": ("training.batch_size=5", "training.micro_batch=2"),
}


class SameNoise(TorchFunctionMode):
    """Each pair gets the same codes and noise as every other: no split of a batch changes what is drawn."""

    def __torch_function__(
        self,
        function: Any,  # noqa: ANN401
        types: Any,  # noqa: ANN401
        arguments: tuple[Any, ...] = (),
        named: dict[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401
        drawn = function(*arguments, **(named or {}))
        if function is torch.randn:
            drawn.copy_(torch.randn(drawn.shape[1:], generator=torch.Generator().manual_seed(0)))
        if function is torch.Tensor.exponential_:
            shape = (2, 1, *drawn.shape[2:])
            drawn.copy_(torch.empty(shape).exponential_(generator=torch.Generator().manual_seed(0)))
        return drawn


@dataclass
class Scalars(Callback):
    found: dict[str, float] = field(default_factory=dict)

    def on_step(self, report: StepReport) -> None:
        self.found.update(report.scalars)


def trainer_of(*overrides: str, folder: Path, processes: Processes = ALONE) -> Trainer:
    """Of the tiny recipe, in float32, of batches of four, or as `overrides` say."""
    settings = ["training.precision=float32", "training.batch_size=4", "training.steps=1", *overrides]
    recipe = load_recipe(TINY, settings)
    return Trainer(
        build_learner(recipe, ("horse", "zebra"), CPU),
        build_objective(recipe.objective),
        build_schedule(recipe),
        CheckpointFolder(folder),
        build_autocast(recipe, CPU),
        CPU,
        processes,
    )


def step(*overrides: str, processes: Processes = ALONE) -> dict[str, Any]:
    """The gradients and scalars of the first step."""
    scalars = Scalars()
    with tempfile.TemporaryDirectory() as folder, SameNoise():
        trainer = trainer_of(*overrides, folder=Path(folder), processes=processes)
        x, z = torch.rand(2, 5, 3, 16, 16, generator=torch.Generator().manual_seed(0)) * 2 - 1
        x, z = (pictures[: trainer.schedule.batch_size][processes.part] for pictures in (x, z))
        trainer.run([Batch(x, z)], [scalars], stopped=lambda: False)
    gradients = {
        name: weight.grad
        for network in (trainer.learner.model, trainer.learner.networks)
        for name, weight in network.named_parameters()
    }
    return {"gradients": gradients, "scalars": scalars.found, "skipped": trainer.skipped}


if __name__ == "__main__":
    torch.set_num_threads(1)
    with joined("cpu", batch_size=4) as (processes, _):
        found = {name: step(*overrides, processes=processes) for name, overrides in CASES.items()}
        torch.save(found, Path(sys.argv[1]) / f"{processes.rank}.pt")
