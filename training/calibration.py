"""A bundle's domain scores, calibrated on pictures that no weight was learned from."""

import logging
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import torch

from training.domains import BadDataset
from training.evaluation.pictures import Pictures
from translation.architecture import NoDiscriminator
from translation.domain_score import MIN_HELD_OUT, calibrate, judges_of
from translation.sampler import Sampler
from translation.weights import Bundle, HeldOut, load_bundle, save_calibrations

log = logging.getLogger(__name__)


def enough(pictures: Pictures, folder: Path) -> None:
    """Raises BadDataset."""
    if len(pictures) < MIN_HELD_OUT:
        raise BadDataset(
            f"{folder} holds {len(pictures)} pictures: domain scores need {MIN_HELD_OUT} that were not "
            "trained on"
        )


def calibrate_bundle(folder: Path, held_out: tuple[Pictures, Pictures], device: torch.device) -> Bundle:
    """The bundle there, with scores of either domain, (first, second), of which enough pictures are readable.

    What it had of calibrations goes. Raises NoDiscriminator, InvalidBundle.
    """
    bundle = load_bundle(folder, device)
    if bundle.ratios is None:
        raise NoDiscriminator(f"{folder} has no log ratios, which domain scores are computed from")
    sampler = Sampler(bundle.model, bundle.card.training_size, device)
    judges = judges_of(bundle.ratios, bundle.card.domains)
    calibrations, counted = {}, {}
    for domain, pictures in zip(bundle.card.domains, held_out, strict=True):
        readable = pictures.chosen(_readable(pictures))
        if len(readable) < MIN_HELD_OUT:
            log.warning(
                "no domain scores for %s: %d pictures were held out, needed are %d",
                *(domain, len(readable), MIN_HELD_OUT),
            )
            continue
        calibrations[domain] = calibrate(
            judges[domain], (sampler.source(each).to(device) for each in readable)
        )
        digest = sha256("\n".join(sorted(readable.digests)).encode()).hexdigest()
        counted[domain] = HeldOut(pictures=len(readable), sha256=digest)
    save_calibrations(folder, calibrations, counted)
    return load_bundle(folder)


def _readable(pictures: Pictures) -> Iterator[int]:
    for index, name in enumerate(pictures.names):
        try:
            pictures[index].load()
            yield index
        except BadDataset as problem:
            log.warning("not calibrated on %s: %s", name, problem)
