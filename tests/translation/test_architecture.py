"""Whatever an architecture can say: its networks learn in every weight, and survive the bundle."""

from collections.abc import Callable
from itertools import cycle, product
from pathlib import Path
from typing import Any, get_args

import pytest
import torch
from pydantic import ValidationError
from tiny_architecture import TINY_ARCHITECTURE
from torch import Tensor, nn
from torch.nn import functional as F

from translation.architecture import Architecture, DeterministicResNetArchitecture, NoDiscriminator
from translation.card import Card
from translation.distributions import DISTRIBUTIONS, SCALES
from translation.generators.deterministic import DownName, UpName
from translation.weights import load_bundle, save_bundle

DOMAINS = ("horse", "zebra")


def tiny(**generator: object) -> Architecture:
    fields = TINY_ARCHITECTURE.model_dump()
    return Architecture.model_validate(fields | {"generator": fields["generator"] | generator})


DETERMINISTIC = {
    f"deterministic, {down} down, {up} up": Architecture(
        generator=DeterministicResNetArchitecture(width=4, blocks=1, down=down, up=up),
        discriminator=TINY_ARCHITECTURE.discriminator,
    )
    for down, up in product(get_args(DownName), get_args(UpName))
}
ARCHITECTURES = DETERMINISTIC | {
    f"{distribution}, {scale}, {codes} codes, {'gate' if gate else 'no gate'}": tiny(
        distribution=distribution, scale=scale, code_size=codes, copy_gate=gate
    )
    for (distribution, scale), (codes, gate) in zip(
        product(DISTRIBUTIONS, SCALES), cycle(product((3, 0), (True, False))), strict=False
    )
}
each_architecture = pytest.mark.parametrize("architecture", ARCHITECTURES.values(), ids=ARCHITECTURES)


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


def pictures() -> Tensor:
    return torch.rand(2, 3, 16, 16) * 2 - 1


@each_architecture
def test_survives_json(architecture: Architecture) -> None:
    assert Architecture.model_validate_json(architecture.model_dump_json()) == architecture


@pytest.mark.parametrize(
    "fields", [{"generators": {}}, {"generator": {"depth": 1}}, {"generator": {"width": 0}}]
)
def test_what_it_does_not_know_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Architecture.model_validate(fields)


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "unet"},
        {"name": "deterministic-resnet", "code_size": 3},
        {"name": "deterministic-resnet", "down": "pooled"},
    ],
    ids=str,
)
def test_a_generator_takes_the_arguments_of_its_own_name(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Architecture.model_validate({"generator": fields})


def test_a_generator_without_a_name_is_the_stochastic_one() -> None:
    fields = TINY_ARCHITECTURE.model_dump()
    del fields["generator"]["name"]
    assert Architecture.model_validate(fields) == TINY_ARCHITECTURE


def test_without_a_discriminator_there_are_no_ratios() -> None:
    with pytest.raises(NoDiscriminator):
        Architecture(discriminator=None).build_ratios()


def test_both_directions_and_both_ratios_are_apart() -> None:
    model, ratios = tiny().build_model(DOMAINS), tiny().build_ratios()
    for first, second in ((model.x_given_z, model.z_given_x), (ratios.latent, ratios.observed)):
        assert not {id(weight) for weight in first.parameters()} & {
            id(weight) for weight in second.parameters()
        }
        assert not torch.equal(next(first.parameters()), next(second.parameters()))


@each_architecture
def test_a_bundle_translates_and_judges_as_what_was_saved(architecture: Architecture, tmp_path: Path) -> None:
    model, ratios = architecture.build_model(DOMAINS), architecture.build_ratios()
    save_bundle(tmp_path, model, ratios, Card(domains=DOMAINS, architecture=architecture, training_size=16))
    loaded = load_bundle(tmp_path)
    x, code = pictures(), torch.randn(2, model.code_size)
    for to in DOMAINS:
        saved, again = model.conditional(to)(x, code), loaded.model.conditional(to)(x, code)
        assert type(again) is type(saved)
        assert torch.equal(again.mean, saved.mean)
        assert torch.equal(again.scale, saved.scale)
    assert torch.equal(loaded.ratios.latent.marginal(x), ratios.latent.marginal(x))


Loss = Callable[[], Tensor]


def likelihood_loss(architecture: Architecture) -> tuple[nn.Module, Loss]:
    """A map, and the bound on its -log p."""
    conditional = architecture.build_model(DOMAINS).x_given_z
    target, source = pictures(), pictures()

    def loss() -> Tensor:
        torch.manual_seed(1)
        found = conditional.reconstruct(target, source)
        return found.code_kl.mean() - found.density.log_prob(target).mean()

    return conditional, loss


def ratio_loss(architecture: Architecture) -> tuple[nn.Module, Loss]:
    """A ratio network, and the logistic loss of telling draws from references."""
    network = architecture.build_ratios().latent
    draws, references, given = pictures(), pictures() / 2, pictures()

    def loss() -> Tensor:
        on_draws, on_references = (
            sum(network.heads(judged, network.context(given))) for judged in (draws, references)
        )
        return F.softplus(-on_draws).mean() + F.softplus(on_references).mean()

    return network, loss


NETWORKS = {
    **{f"map: {name}": (likelihood_loss, architecture) for name, architecture in ARCHITECTURES.items()},
    "ratio": (ratio_loss, tiny()),
}
each_network = pytest.mark.parametrize(("build", "architecture"), NETWORKS.values(), ids=NETWORKS)
Build = Callable[[Architecture], tuple[nn.Module, Loss]]


@each_network
def test_gradients_reach_every_weight_after_two_steps(build: Build, architecture: Architecture) -> None:
    """Two: a product of which one factor starts at zero has no gradient in the other before."""
    network, loss = build(architecture)
    optimiser = torch.optim.Adam(network.parameters(), 1e-3)
    for _ in range(2):
        optimiser.zero_grad()
        loss().backward()
        optimiser.step()
    optimiser.zero_grad()
    loss().backward()
    gradients = {name: weight.grad for name, weight in network.named_parameters()}
    assert not [name for name, gradient in gradients.items() if gradient is None or not gradient.any()]


@each_network
def test_no_bias_comes_directly_before_an_instance_norm(
    build: Build, architecture: Architecture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The norm would remove it, and leave its gradient to rounding."""
    network, loss = build(architecture)
    convolved: dict[
        int, tuple[nn.Module, Tensor]
    ] = {}  # by address, which stays a tensor's own while it lives
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            layer.register_forward_hook(
                lambda layer, _, out: convolved.update({out.data_ptr(): (layer, out)})
            )
    normed: list[nn.Module] = []
    batch_norm = F.batch_norm

    def spy(planes: Tensor, *rest: Any, **named: Any) -> Tensor:  # noqa: ANN401
        normed.append(convolved[planes.data_ptr()][0])
        return batch_norm(planes, *rest, **named)

    monkeypatch.setattr(F, "batch_norm", spy)
    loss()
    assert len(normed) > 2
    assert all(layer.bias is None for layer in normed)
