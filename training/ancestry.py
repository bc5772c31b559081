"""What a bundle was trained on, and so what a run that begins with it must not hold out."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from training.domains import Before, fingerprint_of, of_fresh_networks
from translation.card import Card, read_card
from translation.learned import Learned

log = logging.getLogger(__name__)


def trained_on(card: Card, domain: str, digests: Iterable[str]) -> list[str]:
    """Which of a folder's sha256 the bundle was trained on, where the folder is the one of its training, held
    out pictures included; of any other folder none, for a card knows whole folders."""
    splits, listed = card.data.get(domain, {}), list(digests)
    learned = card.learned.get(domain, Learned())
    distinct = sorted(set(listed))
    unseen = [*filter(learned.has_not, distinct)][: splits.get("validation", {}).get("pictures", 0)]
    held_out = set(unseen or distinct[:1])
    train = [digest for digest in listed if digest not in held_out]
    return train if fingerprint_of(train) == splits.get("train") else []


def learned_by(start_from: Path | None) -> Before:
    """What a run that begins with the bundle has to know. Raises InvalidBundle."""
    if start_from is None:
        return of_fresh_networks
    card, _ = read_card(start_from)

    def before(place: int, root: Path, digests: Mapping[Path, str]) -> Learned:
        learned = _learned(card, card.domains[place], [*digests.values()])
        if not learned.is_known:
            log.warning(
                "%s does not say all that it has learned from: where pictures held out of %s are among it, "
                "validation and domain scores flatter the model",
                *(start_from, root),
            )
        return learned

    return before


def _learned(card: Card, domain: str, digests: Sequence[str]) -> Learned:
    if domain in card.learned:
        return card.learned[domain]
    found = trained_on(card, domain, digests)
    return Learned.of(found, is_known=bool(found) and not card.lineage)
