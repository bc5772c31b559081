"""What a bundle was trained on, and so what a run that begins with it must not hold out."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from training.domains import Before, fingerprint_of, of_fresh_networks
from translation.card import Card, read_card
from translation.seen_pictures import SeenPictures

log = logging.getLogger(__name__)


def trained_on(card: Card, domain: str, digests: Iterable[str]) -> list[str]:
    """Those of a folder's sha256 that the bundle was trained on, where the folder is the one of its training,
    held-out pictures included. Of any other folder none: a card has a fingerprint of whole splits alone."""
    splits, in_folder = card.data.get(domain, {}), list(digests)

    # rebuild the split: held out were the lowest sha256 that neither this training nor one before it has seen
    seen = card.learned.get(domain, SeenPictures())
    distinct = sorted(set(in_folder))
    held_out_count = splits.get("validation", {}).get("pictures", 0)
    held_out = set([*filter(seen.surely_unseen, distinct)][:held_out_count] or distinct[:1])
    train = [digest for digest in in_folder if digest not in held_out]
    # compare its fingerprint with the card's: of another folder they differ
    is_trained_on = fingerprint_of(train) == splits.get("train")
    # return the training side, or nothing
    return train if is_trained_on else []


def learned_by(start_from: Path | None) -> Before:
    """What a run that begins with the bundle has to know. Raises InvalidBundle."""
    if start_from is None:
        return of_fresh_networks
    card, _ = read_card(start_from)

    def before(place: int, root: Path, digests: Mapping[Path, str]) -> SeenPictures:
        seen = _seen(card, card.domains[place], [*digests.values()])
        if not seen.lineage_is_known:
            log.warning(
                "%s does not say all that it has learned from: where pictures held out of %s are among it, "
                "validation and domain scores flatter the model",
                *(start_from, root),
            )
        return seen

    return before


def _seen(card: Card, domain: str, digests: Sequence[str]) -> SeenPictures:
    if domain in card.learned:
        return card.learned[domain]
    train = trained_on(card, domain, digests)
    return SeenPictures.of(train, lineage_is_known=bool(train) and not card.lineage)
