"""What the inspection keeps of a picture: some numbers and 32 bytes of what it shows, of one decoding."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from training.doctor.duplicates import GRID, Hash, perceptual_hash
from training.doctor.folders import PictureFolder
from translation.codec import InvalidImage, decode, on_white

GREY_CHROMA = 2.0  # levels of 255: JPEG keeps grey within one, a faint sepia begins above
FLAT_CONTRAST = 2.0  # levels: less is a single colour and its noise

LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # Rec. 601, as Pillow's "L"


@dataclass(frozen=True)
class Colour:
    """In levels of 255: means over all pixels, contrast the standard deviation of luminance, chroma the
    distance of the largest from the smallest channel; the last two at 32 x 32 pixels."""

    red: float
    green: float
    blue: float
    contrast: float
    chroma: float


@dataclass(frozen=True)
class Measured:
    """A picture that can be read. `file` is its place, `name` what it is called in the report."""

    folder: PictureFolder
    file: Path
    name: str
    digest: str
    bytes: int
    format: str
    mode: str
    size: tuple[int, int]
    has_alpha: bool
    colour: Colour
    hash: Hash

    @property
    def short_side(self) -> int:
        return min(self.size)

    @property
    def is_grey(self) -> bool:
        return self.colour.chroma < GREY_CHROMA

    @property
    def is_flat(self) -> bool:
        return self.colour.contrast < FLAT_CONTRAST


@dataclass(frozen=True)
class Unreadable:
    """A picture that cannot be read. `kind` is the error's class, `reason` a sentence."""

    folder: PictureFolder
    name: str
    kind: str
    reason: str


def measure_all(
    folders: Sequence[PictureFolder], advance: Callable[[int, int], None], stopped: Callable[[], bool]
) -> Iterator[Measured | Unreadable]:
    """In the order of the files, by all cores: decoding releases the interpreter lock.

    `advance` is told of (done, total) after each. Ends early once `stopped`.
    """
    work = [(folder, file) for folder in folders for file in folder.files]
    with ThreadPoolExecutor() as pool:
        try:
            for done, measured in enumerate(pool.map(measure, work), 1):
                yield measured
                advance(done, len(work))
                if stopped():
                    return
        finally:
            pool.shutdown(cancel_futures=True)


def measure(work: tuple[PictureFolder, Path]) -> Measured | Unreadable:
    folder, file = work
    name = folder.name_of(file)
    try:
        data = file.read_bytes()
        picture = decode(data)
    except (InvalidImage, OSError) as error:  # as the dataset does when it trains
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        return Unreadable(folder, name, type(error).__name__, reason)
    image = on_white(picture)
    small = np.asarray(image.resize((GRID, GRID), Image.Resampling.BOX), np.float32)
    return Measured(
        folder,
        file,
        name,
        sha256(data).hexdigest(),
        len(data),
        picture.format,
        picture.mode,
        image.size,
        picture.alpha is not None,
        _colour(image, small),
        perceptual_hash(small @ LUMA),
    )


def _colour(image: Image.Image, small: NDArray[np.float32]) -> Colour:
    """`small` (32, 32, 3) is the image at that size."""
    levels = np.array(image.histogram(), np.int64).reshape(3, 256)
    means = levels @ np.arange(256) / (image.width * image.height)
    chroma = (small.max(axis=2) - small.min(axis=2)).mean()
    red, green, blue = means.tolist()
    return Colour(red, green, blue, contrast=float((small @ LUMA).std()), chroma=float(chroma))
