import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from training.experiments.mnist.budget import Budget
from training.experiments.mnist.digits import load_digits
from training.experiments.mnist.experiment import PriorSamples, follow, held_out_error, run_experiment, train
from training.experiments.mnist.methods import METHODS
from training.experiments.results import OtherResults

ERRORS = {"mse_z", "mse_z_sum", "mse_x"}
DISTANCES = {"energy_distance", "energy_distance_floor", "sliced_wasserstein"}
TERMS = {"nell", "kl_latent"}


def test_a_table_of_every_method_is_made_run_by_run_and_not_twice(
    data: Path, budget: Budget, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    run_experiment(data, out, [0], ["vae"], budget)
    first = json.loads((out / "results.json").read_text())["methods"]["vae"]
    table = run_experiment(data, out, [0, 1], list(METHODS), budget)
    assert table["methods"]["vae"]["mse_x"]["values"][0] == first["mse_x"]["values"][0]
    assert table["seeds"] == [0, 1]
    assert all(table["methods"][name].keys() >= ERRORS | DISTANCES | TERMS for name in METHODS)
    assert table["methods"]["sjmvi"].keys() >= {"nelp", "kl_observed"}
    assert {path.name for path in (out / "runs" / "avb-1").iterdir()} == {
        "prior.png",
        "posterior.png",
        "manifold.png",
        "losses.png",
        "losses.json",
    }


def test_another_budget_is_another_table(data: Path, budget: Budget, tmp_path: Path) -> None:
    run_experiment(data, tmp_path, [0], ["vae"], budget)
    with pytest.raises(OtherResults, match="steps 40, not 41"):
        run_experiment(data, tmp_path, [0], ["vae"], replace(budget, steps=41))


def test_other_digits_of_the_same_form_are_another_table(
    data: Path, arrays: dict[str, np.ndarray], budget: Budget, tmp_path: Path
) -> None:
    run_experiment(data, tmp_path, [0], [], budget)
    np.savez(tmp_path / "others.npz", **{**arrays, "x_test": 255 - arrays["x_test"]})
    with pytest.raises(OtherResults, match="sha256"):
        run_experiment(tmp_path / "others.npz", tmp_path, [0], [], budget)


def test_the_weights_with_the_least_held_out_error_are_kept(data: Path, budget: Budget) -> None:
    digits = load_digits(data)
    torch.manual_seed(0)
    prior = PriorSamples.draw(digits)
    method = METHODS["vae"](prior.train, budget)
    seen = []
    trained = train(method, digits, prior, budget, report=seen.append)
    assert held_out_error(trained.model, digits, prior) == pytest.approx(trained.held_out_error)
    assert trained.selected_step in range(2, 41, 2)
    assert seen[-1] == 1
    assert [each["step"] for each in trained.losses] == list(range(1, 41))


def test_an_average_follows_the_weights(budget: Budget) -> None:
    prior = torch.randn(50, 2)
    average, model = (METHODS["vae"](prior, budget).model for _ in range(2))
    old = next(average.parameters()).clone()
    follow(average, model, decay=0.9)
    expected = 0.9 * old + 0.1 * next(model.parameters())
    torch.testing.assert_close(next(average.parameters()), expected)
