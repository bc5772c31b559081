"""`sjmvi doctor`: whether the service would be well here, and what it lacks."""

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

ILL = 5  # the environment's exit code
COLOURS = {"ok": "green", "warning": "yellow", "error": "red"}


def doctor(as_json: Annotated[bool, typer.Option("--json", help="for programs")] = False) -> None:
    """Look at device, torch, weights, disk, database, keys, port, limits; exit code 5: something is ill."""
    from app.checkup import check_up
    from app.settings import Settings

    findings = list(check_up(Settings()))
    healthy = all(finding.level != "error" for finding in findings)
    if as_json:
        typer.echo(json.dumps({"healthy": healthy, "findings": [asdict(each) for each in findings]}))
    else:
        console = Console(soft_wrap=True)
        for each in findings:
            colour = COLOURS[each.level]
            console.print(f"[{colour}]{each.level:8}[/{colour}] {each.part:9} {escape(each.text)}")
    if not healthy:
        raise typer.Exit(ILL)
