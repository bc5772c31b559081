"""Options that several commands read alike."""

import typer


def domain_pair(domains: str) -> tuple[str, str]:
    """Raises typer.BadParameter."""
    names = [name.strip() for name in domains.split(",")]
    if len(names) != 2 or not all(names):
        raise typer.BadParameter(f"--domains takes two names with a comma between, not {domains!r}")
    return names[0], names[1]
