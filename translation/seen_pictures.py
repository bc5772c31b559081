"""Which pictures weights were trained on, as far as a training that begins with them has to know.

A training holds out the pictures of the lowest sha256 (training/domains.py). One that begins with other
weights must hold out none that they were trained on, though it may be given other pictures, more of them, or
a larger share to hold out. So a bundle lists the lowest sha256 of all that its lineage was trained on.
"""

from collections.abc import Iterable
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

DIGITS = 6  # of 16.8 million; a picture that is mistaken for a seen one is trained on, no more
MOST_LISTED = 256  # as many as are ever held out

Digits = Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{6}( |$))*$", max_length=7 * MOST_LISTED)]


class SeenPictures(BaseModel):
    """Lists the lowest hashes, up to 256, of the pictures of a domain that weights were trained on.

    A picture whose hash is below the last one listed, and not listed, was not trained on. Above the last one
    nothing is known, unless the list is complete: then no other picture was trained on. By the incomplete
    list 10.. 2f.. 8c.. the picture 2f.. was trained on, 1a.. was not, and 9b.. may have been.

    By default it is of fresh networks. Cards have the fields under their aliases.
    """

    model_config = ConfigDict(frozen=True, validate_by_name=True, serialize_by_alias=True)

    lowest: Digits = Field(
        "", alias="first", description="the first 6 digits of the lowest sha256 of its pictures, sorted"
    )
    is_complete: bool = Field(True, alias="is_all", description="whether these are all that is known of")
    lineage_is_known: bool = Field(
        True,
        alias="is_known",
        description="whether the bundles of the lineage all say what they learned from",
    )

    @model_validator(mode="after")
    def _lists_some_of_more(self) -> Self:
        if not (self.is_complete or self.lowest):
            raise ValueError("none is listed, though there are more")
        return self

    @classmethod
    def of(cls, digests: Iterable[str], lineage_is_known: bool = True) -> Self:
        """Of the sha256 of pictures that were trained on."""
        return cls._listing({digest[:DIGITS] for digest in digests}, True, lineage_is_known)

    def surely_unseen(self, digest: str) -> bool:
        """Whether the picture of that sha256 was not trained on, as far as the lineage is known."""
        listed = self.lowest.split()
        return digest[:DIGITS] not in listed and (self.is_complete or digest[:DIGITS] < listed[-1])

    def __or__(self, later: "SeenPictures") -> "SeenPictures":
        """The pictures that either training has seen."""
        both = (self, later)
        known_up_to = min((each.lowest.split()[-1] for each in both if not each.is_complete), default=None)
        listed = {*self.lowest.split(), *later.lowest.split()}
        known = {digits for digits in listed if known_up_to is None or digits <= known_up_to}
        lineage_is_known = self.lineage_is_known and later.lineage_is_known
        return self._listing(known, known_up_to is None, lineage_is_known)

    @classmethod
    def _listing(cls, digits: set[str], is_complete: bool, lineage_is_known: bool) -> Self:
        lowest = sorted(digits)[:MOST_LISTED]
        return cls(
            lowest=" ".join(lowest),
            is_complete=is_complete and len(lowest) == len(digits),
            lineage_is_known=lineage_is_known,
        )
