"""`sjmvi doctor`: whether the service would be well here, and what it lacks."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

from app.problem import ENVIRONMENT

if TYPE_CHECKING:
    from app.checkup import Level

COLOURS = {"ok": "green", "warning": "yellow", "error": "red"}


def doctor(as_json: Annotated[bool, typer.Option("--json", help="for programs")] = False) -> None:
    """Look at device, torch, weights, disk, database, keys, port, limits, and at what jobs measure by.

    Exit code 5: something is ill.
    """
    from app.checkup import Finding, check_up
    from app.settings import Settings

    settings = Settings()
    findings = [*check_up(settings), Finding("features", *_features(settings.evaluation_features))]
    healthy = all(finding.level != "error" for finding in findings)
    if as_json:
        typer.echo(json.dumps({"healthy": healthy, "findings": [asdict(each) for each in findings]}))
    else:
        console = Console(soft_wrap=True)
        for each in findings:
            colour = COLOURS[each.level]
            console.print(f"[{colour}]{each.level:8}[/{colour}] {each.part:9} {escape(each.text)}")
    if not healthy:
        raise typer.Exit(ENVIRONMENT)


def _features(name: str | None) -> tuple["Level", str]:
    """What jobs measure by: loaded as they load it."""
    from training.evaluation.features import BadFeatureNetwork
    from training.evaluation.networks import INCEPTION, load_feature_network

    if name is None:
        return "ok", f"none named: trainings measure what needs none, evaluations fetch {INCEPTION}"
    if name == INCEPTION:
        return "ok", f"{INCEPTION}, which the first job fetches unless it was fetched before"
    try:
        return "ok", f"{load_feature_network(name).name}, {name}"
    except BadFeatureNetwork as error:
        return "error", f"{error}: set SJMVI_EVALUATION_FEATURES to another one"
