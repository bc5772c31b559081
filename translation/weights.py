"""The weights bundle: a folder that holds everything needed to translate both ways and to judge the results.

    card.json                          what the model is, and the sha256 of every file beside it
    x_given_z.<hash>.safetensors       the map to x, and z_given_x the map to z; over 15 MB in several files
    ratio_latent.<hash>.safetensors    the log-ratio network that judges z, and ratio_observed that judges x
    score_latent.<hash>.safetensors    what that network saw in held-out pictures of z; score_observed, of x

An imported bundle has no ratios, and may have the map to z alone; scores are of the domains that the card
calls calibrated.

Nothing in it is ever executed: pickle is refused by its content, whatever its name. The hashes in the names
make saving atomic: new weights never touch the old ones, and the card that names them is replaced last.
"""

import hashlib
import shutil
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from translation import durable
from translation.card import (
    CARD,
    Card,
    DigestMismatch,
    HeldOut,
    WeightsMismatch,
    read_card,
    read_file,
    refuse_other_preprocessing,
)
from translation.domain_score import Calibration, DomainScorer, judges_of
from translation.model import DensityRatios, TranslationModel
from translation.outline import Undrawn, outlines
from translation.run_folder import RunFolder
from translation.sampler import Sampler
from translation.tensors import MAX_SHARD_BYTES, matched, read_tensors, stored, write_tensors

SCORE = "score_"
PROCESS_SIZE = "process_size"  # what a card's metrics have of how it was found


@dataclass(frozen=True)
class Bundle:
    """A loaded bundle. `digest` is the sha256 of card.json, which holds those of all other files.

    What was imported has no ratios. `calibrations` are by domain, of the calibrated ones.
    """

    card: Card
    model: TranslationModel
    ratios: DensityRatios | None
    digest: str
    calibrations: Mapping[str, Calibration] = field(default_factory=dict)

    def sampler(self, device: torch.device | str = "cpu") -> Sampler:
        """At work there as the card says. The model goes there."""
        card = self.card
        return Sampler(
            self.model, card.training_size, device, scorer=self.scorer, process_size=card.process_size
        )

    @property
    def scorer(self) -> DomainScorer:
        """Of as many domains as are calibrated; it shares its networks with `ratios`."""
        judges = judges_of(self.ratios, self.card.domains) if self.ratios else {}
        return DomainScorer({domain: judges[domain] for domain in self.calibrations}, self.calibrations)


def save_bundle(
    folder: Path,
    model: TranslationModel,
    ratios: DensityRatios | None,
    card: Card,
    dtype: torch.dtype = torch.float32,
    max_shard_bytes: int = MAX_SHARD_BYTES,
) -> None:
    """Write or replace a bundle. At every instant the old one or the new one lies there whole.

    The weights are stored as `dtype`; float16 halves the size. Calibrations of a bundle that was there are
    dropped: they are of other weights. Raises CorruptWeights where one is not finite.
    """
    tensors = stored(_networks(model, ratios, {}).state_dict(), dtype)
    folder.mkdir(parents=True, exist_ok=True)
    files = write_tensors(folder, tensors, max_shard_bytes)
    _close(folder, card.model_copy(update={"files": files, "calibration": None}))


def save_calibrations(
    folder: Path, digest: str, calibrations: Mapping[str, Calibration], held_out: Mapping[str, HeldOut]
) -> None:
    """Replace the calibrations of the bundle there by these; both mappings are by domain.

    `digest` is of the bundle that they were computed with. Raises InvalidBundle, DigestMismatch.
    """
    card = _unchanged(folder, digest)
    scores = nn.ModuleDict(_scores(card.domains, calibrations))
    told = card.model_dump(mode="json") | {"calibration": held_out}
    told["files"] = {name: sha for name, sha in card.files.items() if not name.startswith(SCORE)}
    told["files"] |= write_tensors(folder, stored(scores.state_dict(), torch.float32))
    _close(folder, Card.model_validate(told))


def save_process_size(folder: Path, digest: str, process_size: int, told: Mapping[str, Any]) -> None:
    """Have the bundle there work at that size; `told` says in its card's metrics how it was found.

    `digest` is of the bundle that it was found with. Raises InvalidBundle, DigestMismatch.
    """
    card = _unchanged(folder, digest)
    metrics = {**card.metrics, PROCESS_SIZE: dict(told)}
    _close(folder, card.model_copy(update={"process_size": process_size, "metrics": metrics}))


def _unchanged(folder: Path, digest: str) -> Card:
    card, current_digest = read_card(folder)
    if current_digest != digest:
        raise DigestMismatch(f"{folder} has become another bundle meanwhile, which this was not found with")
    return card


def copy_bundle(source: Path, target: Path, bundle: Bundle) -> None:
    """To a folder of its own, the card last: without one it is no bundle yet. What fails leaves nothing new.

    `bundle` was loaded from `source`. Raises DigestMismatch where another lies there by now.
    """
    changed = f"{source} has become another bundle meanwhile: add it again"
    card = read_file(source / CARD)
    if hashlib.sha256(card).hexdigest() != bundle.digest:
        raise DigestMismatch(changed)
    target.mkdir(parents=True, exist_ok=True)
    with ExitStack() as undo:
        if not (target / CARD).exists():
            undo.callback(shutil.rmtree, target, ignore_errors=True)
        try:
            for name in bundle.card.files:
                with (source / name).open("rb") as original, durable.replacing(target / name) as copy:
                    shutil.copyfileobj(original, copy)
        except FileNotFoundError as error:
            raise DigestMismatch(changed) from error
        durable.write(target / CARD, card)
        undo.pop_all()


def load_bundle(folder: Path, device: torch.device | str = "cpu") -> Bundle:
    """The networks in float32 and evaluation mode. Raises InvalidBundle; nothing is ever half loaded."""
    card, digest = read_card(folder)
    refuse_other_preprocessing(folder, card)
    tensors: dict[str, Tensor] = {}
    for name, sha256 in card.files.items():
        shard = read_tensors(folder / name, sha256)
        if twice := tensors.keys() & shard.keys():
            raise WeightsMismatch(f"{name} repeats {min(twice)}")
        tensors |= shard
    with outlines():  # a card may ask for any size: what the files do not fill is never built
        fitting = matched(tensors, _networks(*_built(card)).state_dict())
    with Undrawn():  # nor are weights drawn that are overwritten at once
        model, ratios, calibrations = _built(card)
    networks = _networks(model, ratios, calibrations)
    networks.load_state_dict(fitting)
    networks.eval().to(device)
    return Bundle(card, model.eval(), ratios and ratios.eval(), digest, calibrations)


def load_outline(folder: Path) -> Bundle:
    """The bundle without its weights, which are neither read nor checked: enough for all that surrounds its
    networks. Raises InvalidBundle."""
    card, digest = read_card(folder)
    refuse_other_preprocessing(folder, card)
    with outlines():
        model = card.architecture.build_model(card.domains, card.one_way)
    return Bundle(card, model.eval(), None, digest)


def name_of(folder: Path) -> str:
    """What a bundle that is given by its folder is called: RUN/bundle as its run."""
    folder = folder.resolve()
    return folder.parent.name if folder == RunFolder(folder.parent).bundle else folder.name


def _built(card: Card) -> tuple[TranslationModel, DensityRatios | None, dict[str, Calibration]]:
    ratios = card.architecture.build_ratios() if card.architecture.discriminator else None
    model = card.architecture.build_model(card.domains, card.one_way)
    if ratios is None or card.calibration is None:
        return model, ratios, {}
    judges = judges_of(ratios, card.domains)
    calibrations = {
        domain: Calibration(held_out.pictures, judges[domain].features)
        for domain, held_out in card.calibration.items()
    }
    return model, ratios, calibrations


def _networks(
    model: TranslationModel, ratios: DensityRatios | None, calibrations: Mapping[str, Calibration]
) -> nn.ModuleDict:
    named = {
        "x_given_z": model.x_given_z,
        "z_given_x": model.z_given_x,
        "ratio_latent": ratios and ratios.latent,
        "ratio_observed": ratios and ratios.observed,
    }
    networks = {name: network for name, network in named.items() if network is not None}
    return nn.ModuleDict({**networks, **_scores(model.domains, calibrations)})


def _scores(domains: tuple[str, str], calibrations: Mapping[str, Calibration]) -> dict[str, nn.Module]:
    roles = dict(zip(domains, ("observed", "latent"), strict=True))
    return {f"{SCORE}{roles[domain]}": each for domain, each in calibrations.items()}


def _close(folder: Path, card: Card) -> None:
    """Write the card, then delete the files that it does not name."""
    durable.write(folder / CARD, card.model_dump_json(indent=2).encode())
    for path in folder.glob("*.safetensors"):
        if path.name not in card.files:
            path.unlink()
