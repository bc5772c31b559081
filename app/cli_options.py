"""Options that several commands read alike."""

from collections.abc import Mapping

import typer


def domain_pair(domains: str) -> tuple[str, str]:
    """Raises typer.BadParameter."""
    names = [name.strip() for name in domains.split(",")]
    if len(names) != 2 or not all(names):
        raise typer.BadParameter(f"--domains takes two names with a comma between, not {domains!r}")
    return names[0], names[1]


def class_indices(classes: str) -> dict[str, int]:
    """By domain, of horse=339,zebra=340. Raises typer.BadParameter."""
    try:
        pairs = (one.split("=") for one in classes.split(",") if one)
        return {domain.strip(): int(index) for domain, index in pairs}
    except ValueError as error:
        raise typer.BadParameter(f"--classes is of the form horse=339,zebra=340, not {classes!r}") from error


def check_domains(classes: Mapping[str, int] | None, domains: tuple[str, str]) -> None:
    """Raises typer.BadParameter where a class is given for what is no domain."""
    if unknown := set(classes or ()) - set(domains):
        raise typer.BadParameter(f"--classes: {', '.join(sorted(unknown))} is none of {', '.join(domains)}")
