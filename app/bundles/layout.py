"""Which files of an archive are a bundle: its card.json, and the safetensors beside it."""

from collections.abc import Sequence
from pathlib import PurePosixPath

from app.archives.entries import Entry
from app.archives.faults import quoted
from app.archives.unpacking import Member
from translation.card import CARD, InvalidBundle, MissingBundle, UnsafeWeights

WEIGHTS = ".safetensors"
PICKLES = (".pkl", ".pickle", ".pth", ".pt", ".pt2", ".ckpt", ".bin")
FOREIGN = "__MACOSX"


def members_of(entries: Sequence[Entry]) -> list[Member]:
    """All in one folder, however deep they lay. Raises UnsafeWeights, MissingBundle, InvalidBundle."""
    files = [entry for entry in entries if not entry.is_folder and FOREIGN not in entry.path.parts]
    for entry in files:
        if entry.path.suffix.lower() in PICKLES:
            raise UnsafeWeights(
                f"{quoted(str(entry.path))} may be a pickle, which can run code: a bundle is {CARD} and "
                "safetensors; for a generator of CycleGAN or CUT there is sjmvi weights import"
            )
    folders = [entry.path.parent for entry in files if entry.path.name == CARD]
    if not folders:
        raise MissingBundle(f"the archive has no {CARD}, so it is no bundle")
    if len(folders) > 1:
        raise InvalidBundle(f"the archive has {len(folders)} files named {CARD}: send one bundle")
    return [
        Member(entry.info, PurePosixPath(entry.path.name))
        for entry in files
        if entry.path.parent == folders[0] and (entry.path.name == CARD or entry.path.suffix == WEIGHTS)
    ]
