"""A bundle's domain scores, calibrated on pictures that its training did not learn from."""

import logging
from hashlib import sha256
from pathlib import Path

import torch
from torch import Tensor

from training.ancestry import trained_on
from training.domains import BadDataset
from training.evaluation.pictures import Pictures, read_pictures
from training.shapes import of_any_shape
from translation.architecture import NoDiscriminator
from translation.card import Card, HeldOut, read_card
from translation.codec import ImageTooLarge
from translation.discriminators import Discriminator
from translation.domain_score import MAX_HELD_OUT, MIN_HELD_OUT, Calibration, judges_of
from translation.sampler import Sampler
from translation.weights import Bundle, load_bundle, save_calibrations

log = logging.getLogger(__name__)

MORE = "a larger data.validation_share holds out more, of a run that begins with fresh networks"


def calibrate_bundle(
    folder: Path, held_out: tuple[Pictures, Pictures], device: torch.device, insists: bool = False
) -> Bundle:
    """Calibrate the bundle there, and load it. A domain, of (first, second), takes MIN_HELD_OUT pictures.

    Equal pictures count once, unreadable ones not at all; of more than MAX_HELD_OUT, the first by their
    digests are taken. The new calibrations replace all earlier ones; if there are none, the earlier ones
    stay. Raises NoDiscriminator, InvalidBundle, DigestMismatch, and BadDataset where it `insists` on both
    domains.
    """
    bundle = load_bundle(folder, device)
    if bundle.ratios is None:
        raise NoDiscriminator(f"{folder} has no log ratios, which domain scores are computed from")
    sampler = Sampler(bundle.model, bundle.card.training_size, device)
    judges = judges_of(bundle.ratios, bundle.card.domains)
    calibrations, counted = {}, {}
    for domain, pictures in zip(bundle.card.domains, held_out, strict=True):
        with of_any_shape():
            traits = _traits(pictures, sampler, judges[domain])
        if len(traits) < MIN_HELD_OUT:
            told = f"{len(traits)} held-out pictures of {domain}, and its scores need {MIN_HELD_OUT}"
            if insists:
                raise BadDataset(f"there are {told}, different ones that can be read")
            log.warning("no domain scores: there are %s; %s", told, MORE)
            continue
        calibrations[domain] = Calibration.of(torch.cat([*traits.values()]))
        digest = sha256("\n".join(sorted(traits)).encode()).hexdigest()
        counted[domain] = HeldOut(pictures=len(traits), sha256=digest)
    if calibrations:
        save_calibrations(folder, bundle.digest, calibrations, counted)
    return load_bundle(folder)


def not_learned_from(bundle: Path, roots: tuple[Path, Path]) -> tuple[Pictures, Pictures]:
    """The pictures below the roots, of (first, second) domain. If a root is the folder of the bundle's
    training, those that it was trained on are left out, with a warning. Raises BadDataset, InvalidBundle."""
    card, _ = read_card(bundle)
    first, second = (
        _not_learned(root, card, domain) for root, domain in zip(roots, card.domains, strict=True)
    )
    return first, second


def _not_learned(root: Path, card: Card, domain: str) -> Pictures:
    pictures = read_pictures(root)
    learned = set(trained_on(card, domain, pictures.digests))
    if learned:
        log.warning(
            "%d of %d pictures in %s do not count: the bundle was trained on them",
            *(sum(digest in learned for digest in pictures.digests), len(pictures), root),
        )
    return pictures.chosen(row for row, digest in enumerate(pictures.digests) if digest not in learned)


def _traits(pictures: Pictures, sampler: Sampler, judge: Discriminator) -> dict[str, Tensor]:
    """(1, 1 + features) by digest, of the pictures as the scorer gets them, MAX_HELD_OUT at most."""
    traits: dict[str, Tensor] = {}
    rows = {digest: row for row, digest in enumerate(pictures.digests)}
    for digest, index in sorted(rows.items()):
        if len(traits) == MAX_HELD_OUT:
            break
        try:
            source = sampler.source(pictures[index]).to(sampler.device)
        except (BadDataset, ImageTooLarge, OSError) as problem:
            log.warning("not calibrated on %s: %s", pictures.names[index], problem)
            continue
        with torch.inference_mode():
            traits[digest] = judge.traits(source).cpu()
    return traits
