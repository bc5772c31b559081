"""The experiment: each method under each seed, trained, selected on held-out data, measured, drawn.

Selection, the same for all: of CHECKPOINTS evenly spaced weight averages the one with the least

    MSE_x / Var[x] + MSE_z / Var[z]

on 5,000 held-out training digits and 5,000 held-out draws of the prior. The test digits, and the draws that
MSE_z is reported on, are seen once, at the end.
"""

import json
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from training.experiments.banana import Banana
from training.experiments.mnist.budget import Budget
from training.experiments.mnist.digits import Digits, load_digits
from training.experiments.mnist.figures import draw_figures
from training.experiments.mnist.measure import aggregate_posterior, likelihood_terms, reconstruction_errors
from training.experiments.mnist.methods import METHODS, Method
from training.experiments.mnist.networks import LatentModel
from training.experiments.results import ReportShare, Results, complete
from translation import durable

CHECKPOINTS = 20
HELD_OUT_PRIOR = 5_000
LOGGED = 200


@dataclass(frozen=True)
class PriorSamples:
    """Draws of the banana, (N, 2): all that SJMVI and AVB know of it is `train`."""

    train: Tensor
    validation: Tensor
    test: Tensor

    @classmethod
    def draw(cls, digits: Digits) -> "PriorSamples":
        prior = Banana()
        sizes = (len(digits.train), HELD_OUT_PRIOR, len(digits.test))
        return cls(*(prior.sample(size) for size in sizes))


@dataclass(frozen=True)
class Trained:
    """The selected weights, and the loss terms on the way: means over the steps between two entries."""

    model: LatentModel
    method: Method
    selected_step: int
    held_out_error: float
    losses: list[dict[str, float]]


class RunningMeans:
    """Of scalars by name, without waiting for any of them."""

    def __init__(self) -> None:
        self._sums: dict[str, Tensor] = {}
        self._count = 0

    def add(self, terms: Mapping[str, Tensor]) -> None:
        self._sums = {name: self._sums.get(name, 0.0) + term.detach() for name, term in terms.items()}
        self._count += 1

    def take(self) -> dict[str, float]:
        """The means since the last call."""
        means = {name: float(total) / self._count for name, total in self._sums.items()}
        self._sums, self._count = {}, 0
        return means


def run_experiment(
    data: Path, out: Path, seeds: Sequence[int], methods: Sequence[str], budget: Budget
) -> dict[str, Any]:
    """Make the runs that OUT/results.json lacks; the table. Raises BadDataset, OtherResults."""
    digits = load_digits(data)
    results = Results(out / "results.json", protocol(digits, budget), seeds)

    def run(name: str, seed: int, report: ReportShare) -> Mapping[str, float]:
        torch.manual_seed(seed)
        prior = PriorSamples.draw(digits)
        trained = train(METHODS[name](prior.train, budget), digits, prior, budget, report)
        folder = out / "runs" / f"{name}-{seed}"
        folder.mkdir(parents=True, exist_ok=True)
        durable.write(folder / "losses.json", json.dumps(trained.losses).encode())
        draw_figures(folder, trained.model, digits.test, digits.test_labels, prior.test, trained.losses)
        return figures_of(trained, digits, prior)

    complete(results, methods, run)
    return results.table()


def train(
    method: Method, digits: Digits, prior: PriorSamples, budget: Budget, report: ReportShare
) -> Trained:
    """Within the budget; the average with the least held-out error."""
    average = deepcopy(method.model)
    trained, losses = Trained(method.model, method, 0, float("inf"), []), RunningMeans()
    for step in range(1, budget.steps + 1):
        x, z = _batch(digits.train, budget), _batch(prior.train, budget)
        losses.add(method.descend(x, z, step - 1))
        follow(average, method.model, budget.ema_decay)
        if step % max(budget.steps // LOGGED, 1) == 0:
            trained.losses.append({"step": step, **losses.take()})
            report(step / budget.steps)
        if step % max(budget.steps // CHECKPOINTS, 1) == 0:
            error = held_out_error(average, digits, prior)
            if error < trained.held_out_error:
                copies = deepcopy((average, method))
                trained = Trained(*copies, step, error, trained.losses)
    return trained


@torch.no_grad()
def follow(average: LatentModel, model: LatentModel, decay: float) -> None:
    """Let the weights' exponential moving average take one more step in."""
    for mean, weight in zip(average.parameters(), model.parameters(), strict=True):
        mean.lerp_(weight, 1 - decay)


def held_out_error(model: LatentModel, digits: Digits, prior: PriorSamples) -> float:
    """The unexplained share of the variance of x, and that of z, added."""
    errors = reconstruction_errors(model, digits.validation, prior.validation)
    variances = {"mse_x": digits.train.var(0).mean(), "mse_z": prior.train.var(0).mean()}
    return sum(errors[name] / float(variance) for name, variance in variances.items())


@torch.no_grad()
def figures_of(trained: Trained, digits: Digits, prior: PriorSamples) -> dict[str, float]:
    """Every figure that the method has, on the test set."""
    x, z = digits.test, prior.test
    return {
        **reconstruction_errors(trained.model, x, z),
        **aggregate_posterior(trained.model, x, z),
        **_floats(trained.method.estimates(trained.model, x, z)),
        **likelihood_terms(trained.model, x, z),
        "selected_step": trained.selected_step,
    }


def protocol(digits: Digits, budget: Budget) -> dict[str, Any]:
    """What two tables must share to be one."""
    return {
        "data": "MNIST: "
        f"{len(digits.train)} training, {len(digits.validation)} validation, {len(digits.test)} test digits",
        "sha256": digits.digest(),
        "prior": f"banana, rho = {Banana().correlation}, sjmvi and avb see {len(digits.train)} samples",
        "selection": f"least MSE_x / Var[x] + MSE_z / Var[z] on validation, of {CHECKPOINTS} weight averages",
        "test": "test digits and as many new draws of the prior; sjmvi's and vae's kl_latent in closed form, "
        "avb's and all other KL terms by their ratio networks",
        **asdict(budget),
    }


def _batch(rows: Tensor, budget: Budget) -> Tensor:
    return rows[torch.randint(len(rows), (budget.batch_size,))]


def _floats(terms: Mapping[str, Tensor]) -> dict[str, float]:
    return {name: float(term) for name, term in terms.items()}
