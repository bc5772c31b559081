"""What an archive's folders mean, decided by its names alone: which files are pictures, and where each goes.

Two folders of pictures are a pair, stored under their domains' names; trainA and trainB, with testA and
testB, are a pair as it is published; one folder, or none, is a single. A folder around all of them counts for
nothing.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from zipfile import ZipInfo

from app.archives.entries import Entry
from app.archives.faults import quoted
from app.archives.unpacking import Member
from app.datasets.faults import BadDataset
from app.datasets.schemas import ROOT, DatasetParameters, Kind, Skipped, SkippedFile
from translation.names import NAME, OF
from translation.tree import FOREIGN_SUFFIXES, FORMAT_OF_SUFFIX, NOT_READ

MAX_LISTED = 100
NEEDED = 2  # pictures of each folder to train on
MACOS = "__MACOSX"
ARCHIVES = {".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar", ".zst"}


@dataclass(frozen=True)
class Layout:
    kind: Kind
    domains: tuple[str, ...]
    pictures: tuple[Member, ...]
    skipped: Skipped


def lay_out(entries: Sequence[Entry], parameters: DatasetParameters) -> Layout:
    """Raises BadDataset."""
    reasons = {entry.path: _why_skipped(entry.path) for entry in entries if not entry.is_folder}
    pictures = {entry.path: entry.info for entry in entries if reasons.get(entry.path, "") is None}
    if not pictures:
        raise BadDataset(f"the archive holds no pictures ({', '.join(sorted(FORMAT_OF_SUFFIX))})")
    empty = _empty_folders(entries)
    depth = _wrappers([*pictures, *(folder / "?" for folder in empty)])
    inner = {PurePosixPath(*path.parts[depth:]): info for path, info in pictures.items()}
    tops = {path.parts[0] for path in inner if len(path.parts) > 1}
    tops |= {folder.parts[depth] for folder in empty if len(folder.parts) > depth}
    loose = any(len(path.parts) == 1 for path in inner)
    kind = parameters.kind or _kind(tops, loose)
    renamed = _renamed(tops, loose, parameters) if kind == "pair" else {}
    if kind == "pair":
        _check_counts(renamed, inner)
    elif parameters.domains:
        raise BadDataset("domains are named of a pair of folders alone, and this archive is a single")
    domains = () if kind == "single" else parameters.domain_pair or tuple(sorted(renamed.values()))
    return Layout(kind, domains, _placed(inner, renamed), _listed(reasons))


def _why_skipped(path: PurePosixPath) -> str | None:
    """None of a picture."""
    if MACOS in path.parts:
        return "of macOS"
    if _is_hidden(path):
        return "hidden"
    suffix = path.suffix.lower()
    if suffix in ARCHIVES:
        return "an archive in the archive"
    if suffix in FOREIGN_SUFFIXES:
        return NOT_READ
    return None if suffix in FORMAT_OF_SUFFIX else "no picture"


def _empty_folders(entries: Sequence[Entry]) -> set[PurePosixPath]:
    """A domain that was forgotten: without it, what is left would pass for a single."""
    folders = {entry.path for entry in entries if entry.is_folder and not _is_hidden(entry.path)}
    return folders - {parent for entry in entries for parent in entry.path.parents}


def _is_hidden(path: PurePosixPath) -> bool:
    return any(part.startswith(".") or part == MACOS for part in path.parts)


def _wrappers(paths: Sequence[PurePosixPath]) -> int:
    """How many folders there are around all, the last left out where it holds the pictures themselves."""
    depth = 0
    while (
        len({path.parts[depth] for path in paths}) == 1 and min(len(path.parts) for path in paths) > depth + 2
    ):
        depth += 1
    return depth


def _kind(tops: set[str], loose: bool) -> Kind:
    if tops & {*ROOT[:2]} or (len(tops) == 2 and not loose):
        return "pair"
    if len(tops) > 1:
        beside = "pictures beside its folders" if loose else "more than two folders"
        raise BadDataset(
            f"the archive has {beside} ({_told(tops)}): give two folders of pictures for a pair, or one; "
            "with kind=single all of them are pictures to translate"
        )
    return "single"


def _renamed(tops: set[str], loose: bool, parameters: DatasetParameters) -> dict[str, str]:
    """From each of a pair's folders in the archive to its name where it is stored."""
    if parameters.domain_pair and len({*parameters.domain_pair}) == 1:
        raise BadDataset(f"the domains {parameters.domains} have one name: give them two")
    if tops & {*ROOT[:2]}:
        if not parameters.domains:
            raise BadDataset(
                f"{_told(tops)} do not say what they show: add domains, such as domains=horse,zebra"
            )
        if loose or not {*ROOT[:2]} <= tops <= {*ROOT}:
            raise BadDataset(
                f"the archive has {_told(tops)}: give {', '.join(ROOT)}, the last two if you like"
            )
        return {top: top for top in tops}
    if len(tops) != 2 or loose:
        raise BadDataset(
            f"a pair is two folders of pictures, and nothing beside; the archive has {_told(tops)}"
        )
    folders = sorted(tops)
    given = parameters.domain_pair or tuple(folders)
    names = folders if {*given} == tops else given
    if not all(re.fullmatch(NAME, name) for name in names):
        raise BadDataset(
            f"{_told(tops)} cannot name the domains, whose names are of {OF}: rename them, "
            "or add domains, such as domains=horse,zebra"
        )
    return dict(zip(folders, names, strict=True))


def _check_counts(folders: dict[str, str], pictures: dict[PurePosixPath, ZipInfo]) -> None:
    counts = Counter(path.parts[0] for path in pictures)
    for folder in folders:
        needed = NEEDED if folder not in ROOT[2:] else 0
        if counts[folder] < needed:
            raise BadDataset(f"{quoted(folder)} has {counts[folder]} pictures; need {needed}")


def _placed(pictures: dict[PurePosixPath, ZipInfo], renamed: dict[str, str]) -> tuple[Member, ...]:
    return tuple(
        Member(info, PurePosixPath(renamed.get(path.parts[0], path.parts[0]), *path.parts[1:]))
        for path, info in pictures.items()
    )


def _listed(reasons: dict[PurePosixPath, str | None]) -> Skipped:
    skipped = [SkippedFile(file=str(path), reason=reason) for path, reason in reasons.items() if reason]
    return Skipped(count=len(skipped), files=skipped[:MAX_LISTED])


def _told(folders: set[str]) -> str:
    names = sorted(folders)
    return ", ".join(map(quoted, names[:10])) + (", ..." if len(names) > 10 else "") or "none"
