"""Which files of a tree are pictures, what their translations are called, and the folder that takes them."""

import logging
import os
import stat
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from PIL import Image

from translation.codec import FORMATS, ImageTooLarge, UnsupportedImageFormat
from translation.durable import locked_folder
from translation.report import CSV, JSON_LINES

FORMAT_OF_SUFFIX = {suffix: name for suffix, name in Image.registered_extensions().items() if name in FORMATS}
SUFFIX_OF_FORMAT = {name: f".{name.lower()}" for name in FORMATS} | {"JPEG": ".jpg", "TIFF": ".tif"}

# Pictures to their owner, though never opened here: to be reported, not passed over in silence. What a camera
# calls raw may be a TIFF to who opens it, of a thumbnail.
FOREIGN_SUFFIXES = {".heic", ".heif", ".jp2", ".jxl", ".psd", ".svg", ".tga", ".exr", ".hdr"} | {
    *(".cr2", ".cr3", ".nef", ".arw", ".dng", ".raf", ".orf", ".rw2"),
}
NOT_READ = "a format that is not read: convert it to JPEG or PNG"
NO_FILE = "not a regular file, but a pipe, a socket or a device"

MAX_FILE_BYTES = 1 << 30
log = logging.getLogger(__name__)


class InvalidInput(ValueError):
    """Nothing to translate, or nowhere to put it. The message says what to do."""


@dataclass(frozen=True)
class Found:
    """{path below the source, with forward slashes: file}, sorted, and of all other files, which are passed
    over, how many have which suffix, the most frequent first."""

    pictures: Mapping[str, Path]
    passed_over: Mapping[str, int]


def find_pictures(source: Path, out: Path) -> Found:
    """`source` may be one file. Links to files and to folders are followed alike, but for one to a folder
    that it lies in.

    Left out are hidden files, what lies in `out`, and folders below that earlier runs wrote. Raises
    InvalidInput.
    """
    if not source.exists():
        raise InvalidInput(f"{source} does not exist")
    if not (source.is_file() or source.is_dir()):
        raise InvalidInput(f"{source} is {NO_FILE}")
    root = source.parent if source.is_file() else source
    if root.resolve().is_relative_to(out.resolve()):
        raise InvalidInput(f"{out} holds the input, which must stay as it is: give another output folder")
    if source.is_file():
        return Found({source.name: source}, {})
    known = FORMAT_OF_SUFFIX.keys() | FOREIGN_SUFFIXES
    pictures, others = dict[str, Path](), Counter[str]()
    for path in _walk(source, out.resolve()):
        if (suffix := path.suffix.lower()) in known:
            pictures[path.relative_to(root).as_posix()] = path
        else:
            others[suffix] += 1
    if not pictures:
        raise InvalidInput(f"{source} holds no pictures ({', '.join(sorted(FORMAT_OF_SUFFIX))})")
    by_number = sorted(others.items(), key=lambda other: (-other[1], other[0]))
    return Found(dict(sorted(pictures.items())), dict(by_number))


def _walk(root: Path, out: Path) -> Iterator[Path]:
    for folder, subfolders, names in os.walk(root, followlinks=True, onerror=_warn):
        here = Path(folder)
        subfolders[:] = [name for name in subfolders if name[0] != "." and _is_input(here / name, out)]
        yield from (here / name for name in names if name[0] != "." and name not in (JSON_LINES, CSV))


def _warn(error: OSError) -> None:
    log.warning("%s is left out: %s", error.filename, error.strerror)


def _is_input(folder: Path, out: Path) -> bool:
    if folder.resolve().is_relative_to(out) or _lies_in_itself(folder):
        return False
    if (folder / JSON_LINES).exists():
        log.warning("%s has a %s and is left out: it holds translations", folder, JSON_LINES)
        return False
    return True


def _lies_in_itself(folder: Path) -> bool:
    """By a link, which could be followed for ever."""
    return any(folder.samefile(above) for above in folder.absolute().parents)


def read_bytes(file: Path) -> bytes:
    """Raises UnsupportedImageFormat, ImageTooLarge, InvalidInput, OSError."""
    if file.suffix.lower() in FOREIGN_SUFFIXES:
        raise UnsupportedImageFormat(NOT_READ)
    status = file.stat()
    if not stat.S_ISREG(status.st_mode):  # opening a pipe waits for somebody who writes to it
        raise InvalidInput(NO_FILE)
    if status.st_size > MAX_FILE_BYTES:
        raise ImageTooLarge(f"{status.st_size} bytes, maximum {MAX_FILE_BYTES}")
    return file.read_bytes()


def name_outputs(files: Iterable[str], format: str | None, samples: int) -> dict[str, tuple[str, ...]]:
    """{file: the paths of its translations}: NAME.png, or NAME_0.png, NAME_1.png, ... where it has several.

    A suffix that names the format stays. Else it is replaced and, where that name is taken (a.jpg and a.png
    to PNG), added to (a.jpg.png), so that no two files share an output.
    """
    files = list(files)
    targets = {file: file for file in files if format in (None, _format_of(file))}
    taken = set(targets.values())
    for file in files:
        if file not in targets and format:
            targets[file] = _free_name(PurePosixPath(file), SUFFIX_OF_FORMAT[format], taken)
            taken.add(targets[file])
    return {file: _sample_names(PurePosixPath(targets[file]), samples) for file in files}


def misnamed(file: str, format: str) -> str:
    """What a name says that the file is, and what it is; empty where these agree."""
    named = _format_of(file)
    return "" if named == format else f"named as {named}, found {format}"


def _format_of(file: str) -> str | None:
    return FORMAT_OF_SUFFIX.get(PurePosixPath(file).suffix.lower())


def _free_name(file: PurePosixPath, suffix: str, taken: set[str]) -> str:
    name = str(file.with_suffix(suffix))
    while name in taken:
        file = file.with_name(file.name + suffix)
        name = str(file)
    return name


def _sample_names(target: PurePosixPath, samples: int) -> tuple[str, ...]:
    if samples == 1:
        return (str(target),)
    return tuple(str(target.with_stem(f"{target.stem}_{index}")) for index in range(samples))


def check_names(out: Path, outputs: Iterable[str]) -> None:
    """Of one picture's translations. Raises InvalidInput where one is longer than a file's name can be."""
    longest = max((PurePosixPath(name).name for name in outputs), key=lambda name: len(os.fsencode(name)))
    there = next(folder for folder in (out, *out.parents) if folder.exists())
    over = len(os.fsencode(longest)) - os.pathconf(there, "PC_NAME_MAX")
    if over > 0:
        raise InvalidInput(
            f"the translation's name, ...{longest[-8:]}, is too long by {over} bytes: give a shorter one"
        )


@contextmanager
def taken(out: Path) -> Iterator[None]:
    """Holds the folder, an empty one or an earlier run's, against other runs meanwhile. What an earlier
    run was writing when it was killed is deleted. Raises InvalidInput."""
    if out.exists() and not out.is_dir():
        raise InvalidInput(f"{out} is a file: give a folder for the output")
    out.mkdir(parents=True, exist_ok=True)
    if not (out / JSON_LINES).exists() and any(path.name[0] != "." for path in out.iterdir()):
        raise InvalidInput(f"{out} has files in it but no {JSON_LINES}: give an empty folder, or a new one")
    with ExitStack() as held:
        try:
            held.enter_context(locked_folder(out))
        except BlockingIOError:
            raise InvalidInput(
                f"another run writes to {out}: await its end, or give another folder"
            ) from None
        for unfinished in out.rglob(".*.part"):
            unfinished.unlink()
        yield


def refuse_full(out: Path) -> None:
    """Raises InvalidInput where what is to be a new folder is none."""
    if out.exists() and (out.is_file() or any(out.iterdir())):
        raise InvalidInput(f"{out} is not empty: give a new folder")
