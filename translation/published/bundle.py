"""Published generators as a bundle's model and card."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from translation.architecture import Architecture
from translation.card import Card, ImportedFile, WeightsMismatch
from translation.model import StochasticMap, TranslationModel
from translation.published.checkpoint import read_checkpoint
from translation.published.layout import PublishedGenerator, recognise


def import_generators(
    checkpoints: Sequence[Path],
    domains: tuple[str, str],
    arch: str | None,
    training_size: int,
    licence: str,
) -> tuple[TranslationModel, Card]:
    """`checkpoints` are one, of the generator from the first domain to the second, or two, the other of the
    one back.

    `arch` is what they have to be, as in resnet_9blocks; None: whatever they are. Raises UnsafeWeights,
    CorruptWeights, WeightsMismatch, pydantic's ValidationError.
    """
    generators = [recognise(read_checkpoint(path), path.name) for path in checkpoints]
    for path, each in zip(checkpoints, generators, strict=True):
        if each.arch != (arch or each.arch):
            raise WeightsMismatch(f"{path.name} is a {each.arch}, not a {arch}")
        if each.architecture != generators[0].architecture:
            change = _change(generators[0], each)
            raise WeightsMismatch(f"{path.name} is another network than {checkpoints[0].name}: {change}")
    targets = domains[::-1]
    card = Card(
        domains=domains,
        one_way=len(generators) == 1,
        architecture=Architecture(generator=generators[0].architecture, discriminator=None),
        training_size=training_size,
        imported=tuple(
            ImportedFile(to=to, file=path.name, sha256=_sha256(path), arch=each.arch)
            for to, path, each in zip(targets, checkpoints, generators, strict=False)
        ),
        licence=licence,
    )
    model = card.architecture.build_model(domains, card.one_way)
    for to, each in zip(targets, generators, strict=False):
        _fill(model.conditional(to), each)
    return model.eval(), card


def _fill(conditional: StochasticMap, published: PublishedGenerator) -> None:
    """What the checkpoint does not have, the density's scale, stays as it is built."""
    generator = conditional.generator
    generator.load_state_dict(generator.state_dict() | published.tensors)


def _change(first: PublishedGenerator, second: PublishedGenerator) -> str:
    ours, theirs = first.architecture.model_dump(), second.architecture.model_dump()
    return ", ".join(f"{key} {theirs[key]}, not {ours[key]}" for key in ours if ours[key] != theirs[key])


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
