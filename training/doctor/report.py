"""What the inspection found, as it is written to JSON: the fields below are its schema.

Every list is cut at MAX_LISTED, beside a count that is not. Files are called LABEL/path, as measured.
"""

from dataclasses import asdict, dataclass
from typing import Self

from training.doctor.measure import Colour

SCHEMA = 1
MAX_LISTED = 100
LONG_ASPECT = 2.5  # a square view shows less than half of such a picture


@dataclass(frozen=True)
class Listed:
    """The first of `count` files."""

    count: int
    files: tuple[str, ...]


@dataclass(frozen=True)
class UnreadableFile:
    """`kind` is a class of translation.codec's errors or of OSError, `reason` a sentence."""

    file: str
    kind: str
    reason: str


@dataclass(frozen=True)
class UnreadableFiles:
    count: int
    files: tuple[UnreadableFile, ...]


@dataclass(frozen=True)
class Range:
    """In pixels."""

    smallest: int
    median: int
    largest: int


@dataclass(frozen=True)
class FolderReport:
    """One domain's pictures of one split, "train" or "test", or a "single" folder's.

    `pictures` can be read, `different` of them by their bytes. `small` are narrower than the training size,
    `long` LONG_ASPECT times as long as wide, `flat` of a single colour; `passed_over` are files of other
    kinds. `modes` are Pillow's. Ranges and colour, a mean over pictures, are null where none can be read.
    """

    folder: str
    domain: str
    split: str
    pictures: int
    different: int
    bytes: int
    unreadable: UnreadableFiles
    passed_over: Listed
    formats: dict[str, int]
    modes: dict[str, int]
    with_alpha: int
    width: Range | None
    height: Range | None
    short_side: Range | None
    small: Listed
    long: Listed
    grey: Listed
    flat: Listed
    colour: Colour | None

    @property
    def files(self) -> int:
        """Those whose name says that they are pictures."""
        return self.pictures + self.unreadable.count


@dataclass(frozen=True)
class Group:
    """The first of `count` pictures that are the same."""

    count: int
    files: tuple[str, ...]
    across_splits: bool
    across_domains: bool


@dataclass(frozen=True)
class Duplicates:
    """`groups`, `pictures` in them, and how many groups go across; `listed` begins with those that do."""

    groups: int
    pictures: int
    across_splits: int
    across_domains: int
    listed: tuple[Group, ...]


@dataclass(frozen=True)
class Copies:
    """How many test pictures have an exact copy among those to train on, and how many others an altered one;
    and how many pictures have either in the other domain."""

    in_train: int
    altered_in_train: int
    in_other_domain: int


@dataclass(frozen=True)
class Place:
    """Part of a picture: its left, upper, right and lower edge, as shares of width and height."""

    file: str
    box: tuple[float, float, float, float]

    def pixels(self, size: tuple[int, int]) -> tuple[int, int, int, int]:
        """The box in a picture of that (width, height)."""
        left, upper, right, lower = (
            round(share * side) for share, side in zip(self.box, 2 * size, strict=True)
        )
        return left, upper, max(right, left + 1), max(lower, upper + 1)


@dataclass(frozen=True)
class UnevenKind:
    """Places of a kind that both domains show, and `more` more of. `shares` of all places of the first and
    of the second domain are of it; `places` begin in the picture with the most of them."""

    more: str
    shares: tuple[float, float]
    places: tuple[Place, ...]


@dataclass(frozen=True)
class Surroundings:
    """`gap` says how far apart the domains are in what both of them show: 0 not at all, less by chance.
    `kinds` begin with what adds most to it."""

    gap: float
    kinds: tuple[UnevenKind, ...]


@dataclass(frozen=True)
class Finding:
    """`level` is "error" where nothing can be trained on it, else "warning"; `advice` says what to do."""

    kind: str
    level: str
    message: str
    advice: str

    @classmethod
    def warning(cls, kind: str, message: str, advice: str) -> Self:
        return cls(kind, "warning", message, advice)


@dataclass(frozen=True)
class Report:
    """Both folders to train on go before those to test on, the first domain before the second.

    `near` groups hold a picture and its altered copies, with the exact ones of either. `shared` is the share
    of the smaller domain that the other has as well. `colour_auc` says how well colour alone tells the
    domains apart: .5 not at all, 1 always; it and `surroundings` are null of too few pictures. `balanced` is
    the recipe's `data.balance`.
    """

    schema: int
    usable: bool
    training_size: int
    balanced: bool
    folders: tuple[FolderReport, ...]
    exact: Duplicates
    near: Duplicates
    copies: Copies
    shared: float
    colour_auc: float | None
    surroundings: Surroundings | None
    findings: tuple[Finding, ...]

    @property
    def train(self) -> tuple[FolderReport, ...]:
        """Both of a pair; none of a single."""
        return tuple(folder for folder in self.folders if folder.split == "train")

    def as_json(self) -> dict[str, object]:
        return asdict(self)


def counted(number: int, one: str, many: str | None = None) -> str:
    return f"{number} {one if number == 1 else many or f'{one}s'}"
