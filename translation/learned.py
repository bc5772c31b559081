"""What weights have learned from, as far as a training that begins with them has to know.

A training holds out the pictures whose sha256 are the least (training/domains.py). One that begins with other
weights must hold out none that they have learned from, and may be given other pictures, more of them, or a
larger share to hold out. So a bundle says which of the least sha256 its lineage has learned from: up to the
last of those every picture is known, beyond them none.
"""

from collections.abc import Iterable
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

DIGITS = 6  # of 16.8 million; a picture that is taken for a learned one is trained on, no more
MOST_LISTED = 256  # as many as are ever held out

Digits = Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{6}( |$))*$", max_length=7 * MOST_LISTED)]


class Learned(BaseModel):
    """Of one domain. By default, of fresh networks."""

    model_config = ConfigDict(frozen=True)

    first: Digits = Field("", description="the first 6 digits of the least sha256 of its pictures, sorted")
    is_all: bool = Field(True, description="whether these are all that is known of")
    is_known: bool = Field(
        True, description="whether the bundles of the lineage all say what they learned from"
    )

    @model_validator(mode="after")
    def _lists_some_of_more(self) -> Self:
        if not (self.is_all or self.first):
            raise ValueError("none is listed, though there are more")
        return self

    @classmethod
    def of(cls, digests: Iterable[str], is_known: bool = True) -> Self:
        """Of the sha256 of pictures."""
        return cls._listed({digest[:DIGITS] for digest in digests}, True, is_known)

    def has_not(self, digest: str) -> bool:
        """Whether it has surely not learned from the picture, as far as it is known."""
        listed = self.first.split()
        return digest[:DIGITS] not in listed and (self.is_all or digest[:DIGITS] < listed[-1])

    def __or__(self, later: "Learned") -> "Learned":
        """What was learned from before or later."""
        both = (self, later)
        last = min((each.first.split()[-1] for each in both if not each.is_all), default=None)
        listed = {*self.first.split(), *later.first.split()}
        within = {digits for digits in listed if last is None or digits <= last}
        return self._listed(within, last is None, self.is_known and later.is_known)

    @classmethod
    def _listed(cls, listed: set[str], is_all: bool, is_known: bool) -> Self:
        first = sorted(listed)[:MOST_LISTED]
        return cls(first=" ".join(first), is_all=is_all and len(first) == len(listed), is_known=is_known)
