"""The report for a terminal: a table of the folders, what is the same, what cannot be read, what to do."""

from collections.abc import Iterator

from rich.markup import escape
from rich.table import Table

from training.doctor.report import Duplicates, FolderReport, Range, Report

NAMED = 10  # unreadable files of a folder; the JSON and the sheet have more
STYLES = {"error": "red", "warning": "yellow"}


def text(report: Report) -> Iterator[Table | str]:
    """Pieces for rich's console, markup in the strings."""
    yield _table(report)
    yield f"exact duplicates  {_told(report.exact)}"
    yield f"near duplicates   {_told(report.near)}"
    if report.colour_auc is not None:
        yield f"told by colour    {report.colour_auc:.0%} of pairs, 50% is chance"
    if report.surroundings is not None:
        yield f"surroundings      {report.surroundings.gap:.2f} apart, 0 of two halves of one domain"
    for folder in report.folders:
        for lost in folder.unreadable.files[:NAMED]:
            yield escape(f"unreadable  {lost.file}: {lost.reason}")
    for finding in report.findings:
        style = STYLES[finding.level]
        yield f"[{style}]{finding.level}[/]  {escape(finding.message)}; {escape(finding.advice)}"


def _table(report: Report) -> Table:
    head = ("", "pictures", "unreadable", "short side", "narrow", "grey", "modes")
    table = Table(*head, box=None, pad_edge=False)
    for folder in report.folders:
        table.add_row(*_cells(folder))
    return table


def _cells(folder: FolderReport) -> tuple[str, ...]:
    return (
        escape(folder.folder),
        str(folder.pictures),
        str(folder.unreadable.count),
        _between(folder.short_side),
        str(folder.small.count),
        str(folder.grey.count),
        ", ".join(f"{mode} {count}" for mode, count in folder.modes.items()),
    )


def _between(sides: Range | None) -> str:
    return f"{sides.smallest} to {sides.largest}" if sides else ""


def _told(found: Duplicates) -> str:
    return (
        f"{found.groups} groups of {found.pictures} pictures, "
        f"{found.across_splits} across train and test, {found.across_domains} across domains"
    )
