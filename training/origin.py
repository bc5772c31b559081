"""What a run began with: its pictures and the bundle it started from, so that a change is seen."""

import json
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from training.domains import BadDataset, DomainFolders, Splits, find_domains
from translation import durable
from translation.card import Ancestor, read_card
from translation.run_folder import RunFolder
from translation.seen_pictures import SeenPictures
from translation.weights import name_of


class NotARun(ValueError):
    """A folder that holds no run, or one in the way of a new run."""


class Origin(BaseModel):
    """Written when the run begins, and again where its pictures have moved."""

    model_config = ConfigDict(frozen=True)

    first: Path
    second: Path | None
    domains: tuple[str, str]
    data: dict[str, Splits] | None = Field(
        None, description="by domain, as in the card; None in a run from before it was kept"
    )
    lineage: tuple[Ancestor, ...] = Field((), description="as in the card; the last is training.start_from")
    learned: tuple[SeenPictures, SeenPictures] = Field(
        (SeenPictures(), SeenPictures()),
        description="by domain: what that bundle, which may be gone, has learned from",
    )

    @classmethod
    def of(cls, first: Path, second: Path | None, folders: DomainFolders, start_from: Path | None) -> Self:
        """Of a run that begins with what was found there, and with that bundle. Raises InvalidBundle."""
        return cls(
            first=first.resolve(),
            second=second and second.resolve(),
            domains=folders.domains,
            data=folders.fingerprint(),
            lineage=lineage_of(start_from),
            learned=folders.seen,
        )

    @classmethod
    def read(cls, run: RunFolder) -> Self:
        """Raises NotARun."""
        try:
            return cls.model_validate(json.loads(run.origin.read_bytes()))
        except ValidationError as error:
            fault = error.errors()[0]
            where = ".".join(map(str, fault["loc"]))
            raise NotARun(f"{run} is not a run: {run.origin.name}: {where} {fault['msg']}") from error
        except (OSError, ValueError) as error:
            told = error.strerror if isinstance(error, OSError) else error
            raise NotARun(f"{run} is not a run: {run.origin.name}: {told}") from error

    def write(self, run: RunFolder) -> None:
        # not by pydantic, which fails on a path that is not UTF-8
        text = json.dumps(self.model_dump(mode="json"), indent=2)
        durable.write(run.origin, text.encode())

    def moved(self, first: Path, second: Path | None) -> Self:
        """With its pictures there now; whether they are the same, `find` says."""
        return self.model_copy(update={"first": first.resolve(), "second": second and second.resolve()})

    def find(self, validation_share: float) -> DomainFolders:
        """The pictures again. Raises BadDataset where they are not what the run began with."""
        folders = find_domains(
            self.first, self.second, self.domains, validation_share, lambda place, *_: self.learned[place]
        )
        now = folders.fingerprint()
        for root, domain in zip(folders.roots, folders.domains, strict=True):
            if self.data is not None and now[domain] != self.data[domain]:
                raise BadDataset(
                    f"{root} has changed since the run began: {_change(self.data[domain], now[domain])}. "
                    "Put back what it held, or begin a new run: --set training.start_from=RUN/bundle has it "
                    "go on from the weights of this one"
                )
        return folders

    def check_start(self, start_from: Path) -> None:
        """Raises NotARun where it is not the bundle any more that the card is going to name."""
        if self.lineage and read_card(start_from)[1] != self.lineage[-1].digest:
            raise NotARun(f"{start_from} has changed since the run began to start from it: begin a new run")


def lineage_of(start_from: Path | None) -> tuple[Ancestor, ...]:
    """Of what is trained from that bundle. Raises InvalidBundle."""
    if start_from is None:
        return ()
    card, digest = read_card(start_from)
    return (*card.lineage, Ancestor(name=name_of(start_from), digest=digest, steps=card.steps))


def _change(then: Splits, now: Splits) -> str:
    before, after = (
        f"{splits['train']['pictures']} pictures to train on and {splits['validation']['pictures']} held out"
        for splits in (then, now)
    )
    return f"{before} then, {after} now" if before != after else f"{after} as then, but not the same ones"
