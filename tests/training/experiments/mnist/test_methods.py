from pathlib import Path

import pytest
import torch

from training.experiments.banana import Banana
from training.experiments.mnist.budget import Budget
from training.experiments.mnist.digits import Digits, load_digits
from training.experiments.mnist.methods import METHODS, Method
from training.experiments.mnist.networks import LogPrior, Moments

PRIOR = Banana().sample(2_000, torch.Generator().manual_seed(1))


@pytest.fixture
def digits(data: Path) -> Digits:
    return load_digits(data)


def trained(name: str, digits: Digits, budget: Budget, steps: int) -> tuple[Method, list[float]]:
    torch.manual_seed(0)
    method = METHODS[name](PRIOR, budget)
    nell = []
    for step in range(steps):
        x = digits.train[torch.randint(len(digits.train), (32,))]
        nell.append(float(method.descend(x, PRIOR[torch.randint(len(PRIOR), (32,))], step)["nell"].detach()))
    return method, nell


@pytest.mark.parametrize("name", METHODS)
def test_every_method_learns_to_reconstruct(name: str, digits: Digits) -> None:
    _, nell = trained(name, digits, Budget(steps=300, hidden=16, warm_up_steps=20), 150)
    assert sum(nell[-20:]) < sum(nell[:20]) - 20 * 300  # nats


@pytest.mark.parametrize("name", ["sjmvi", "avb"])
def test_the_prior_is_known_by_its_samples_alone(
    name: str, digits: Digits, budget: Budget, monkeypatch: pytest.MonkeyPatch
) -> None:
    for density in ("log_prob", "kl_from_normal"):
        monkeypatch.delattr(Banana, density)
    trained(name, digits, budget, 2)


@pytest.mark.parametrize("name", METHODS)
def test_all_methods_have_one_decoder_and_encoders_of_one_depth_and_width(name: str, budget: Budget) -> None:
    model = METHODS[name](PRIOR, budget).model
    vae = METHODS["vae"](PRIOR, budget).model
    shapes = [weight.shape for weight in model.decoder.parameters()]
    assert shapes == [weight.shape for weight in vae.decoder.parameters()]
    hidden = [layer.weight.shape[0] for layer in model.encoder.network if hasattr(layer, "weight")][:-1]
    assert hidden == [16, 16]


def test_a_learned_prior_falls_off_where_no_sample_lies() -> None:
    log_prior = LogPrior(Moments.of(PRIOR), 16)
    near, far = log_prior(torch.tensor([[0.0, -1.0], [30.0, 30.0]])).tolist()
    assert far < near - 100
