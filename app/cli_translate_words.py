"""What `sjmvi translate` says of its pictures: how it went, and what an error has to do with an option."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from translation.folders import FolderSummary
    from translation.translator import Receipt

PIPE = "-"
NAMED = 5

# What messages name, as the command line calls it.
CALLED = {
    "frame=": "--frame",
    "max_pixels": "SJMVI_MAX_PIXELS",
    "max_side": "SJMVI_MAX_SIDE",
    "refuse_at": "--refuse-at, sjmvi weights calibrate",
}


@contextmanager
def naming(source: str) -> Iterator[None]:
    """The translator knows its picture by its bytes alone; who gave a file wants to be told which."""
    from translation.codec import InvalidImage, UnsupportedOutputFormat
    from translation.translator import UnlikeDomain

    try:
        yield
    except (InvalidImage, UnlikeDomain, UnsupportedOutputFormat) as error:
        message = with_options(str(error))
        raise type(error)(f"{'stdin' if source == PIPE else source}: {message}") from error


def with_options(message: str) -> str:
    """The codec and the translator speak to whoever calls them, over HTTP as well."""
    named = [option for name, option in CALLED.items() if name in message]
    return f"{message} ({', '.join(named)})" if named else message


def receipt_in_words(receipt: "Receipt") -> str:
    score = "" if receipt.domain_score is None else f", domain score {receipt.domain_score:.3g}"
    return f"seed {receipt.seed}{score}"


@contextmanager
def summed_up_when_full(out: Path) -> Iterator[None]:
    """What is done is told before the error."""
    from translation.folders import OutOfSpace

    try:
        yield
    except OutOfSpace as full:
        typer.echo(summary_in_words(full.summary, out), err=True)
        raise


def summary_in_words(summary: "FolderSummary", out: Path) -> str:
    from translation.report import CSV

    report, others = out / CSV, summary.otherwise_seeded
    why = f" ({report} says why)" if summary.failed else ""
    but = f" (of {others} another, see {report})" if others else ""
    words = f"{summary.translated} translated, {summary.skipped} skipped, {summary.failed} failed{why}"
    if summary.warned:
        words += f"; {summary.warned} named as another format ({report} says which)"
    if passed_over := summary.passed_over:
        words += f"; files passed over: {sum(passed_over.values())} ({_suffixes(passed_over)})"
    return f"{words}; seed {summary.seed}{but}"


def _suffixes(counts: Mapping[str, int]) -> str:
    """The most frequent ones."""
    named = [suffix or "no suffix" for suffix in counts]
    return ", ".join(named[:NAMED] + ["..."] * (len(named) > NAMED))
