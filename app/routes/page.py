"""The pages for people: a screen for each thing that they do, and the API's description at /docs.

All that a screen does beyond its first view goes over the public HTTP API.
"""

from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, get_args

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.templating import Jinja2Templates

from app.default_model import default_model
from app.dependencies import State, StateDep
from app.jobs import states
from app.jobs.kinds import KINDS
from app.jobs.schemas import ExportRequest
from app.schemas import MAX_SAMPLES
from translation.registry import Entry, UnknownModel

WEB = Path(__file__).parents[1] / "web"
EXAMPLES = WEB / "examples"
FORMATS = get_args(ExportRequest.model_fields["format"].annotation)  # that a model can be exported in


@dataclass(frozen=True)
class Screen:
    title: str
    path: str
    template: str


TRANSLATE = Screen("Translate", "/", "translate.html")
BATCH = Screen("Batch", "/batch", "batch.html")
TRAIN = Screen("Train", "/train", "train.html")
MODELS = Screen("Models", "/models", "models.html")
JOBS = Screen("Jobs", "/jobs", "jobs.html")
SETTINGS = Screen("Settings", "/settings", "settings.html")
SCREENS = (TRANSLATE, BATCH, TRAIN, MODELS, JOBS, SETTINGS)

router = APIRouter(include_in_schema=False)
templates = Jinja2Templates(WEB / "templates")


@router.get(TRANSLATE.path)
def translate(request: Request, state: StateDep, model: str | None = None) -> HTMLResponse:
    drawing = _drawing(state, model, samples=4)
    return _show(
        TRANSLATE, request, state, **drawing, example=_example(drawing["model"]), url=str(request.base_url)
    )


@router.get(BATCH.path)
def batch(request: Request, state: StateDep, model: str | None = None) -> HTMLResponse:
    return _show(BATCH, request, state, **_drawing(state, model, samples=1))


@router.get(TRAIN.path)
def train(request: Request, state: StateDep) -> HTMLResponse:
    return _show(TRAIN, request, state, examples=_examples())


@router.get(MODELS.path)
def models(request: Request, state: StateDep) -> HTMLResponse:
    return _show(MODELS, request, state, examples=_examples(), formats=FORMATS)


@router.get(JOBS.path)
def jobs(request: Request, state: StateDep) -> HTMLResponse:
    return _show(JOBS, request, state, kinds=list(KINDS), states=list(states.State))


@router.get(SETTINGS.path)
def settings(request: Request, state: StateDep) -> HTMLResponse:
    return _show(SETTINGS, request, state)


@router.get("/docs")
async def docs(request: Request) -> HTMLResponse:
    return templates.TemplateResponse(request, "docs.html")


@router.get("/favicon.ico")
async def favicon() -> RedirectResponse:
    """Asked for by browsers that show a picture of ours alone."""
    return RedirectResponse("/static/icon.svg")


def _show(screen: Screen, request: Request, state: State, **values: object) -> HTMLResponse:
    frame = {"screens": SCREENS, "screen": screen, "asks_for_key": state["gate"].is_closed}
    status = HTTPStatus.NOT_FOUND if values.get("missing") else HTTPStatus.OK
    return templates.TemplateResponse(request, screen.template, frame | values, status)


def _drawing(state: State, model: str | None, samples: int) -> dict[str, Any]:
    """What the choice of a model, its directions and its draws is made from; the default in place of one that
    is `missing`, which an old link may name."""
    models = [entry for entry in state["registry"].list() if entry.card]
    named = _named(models, model)
    return {
        "models": models,
        "model": named or _default(models, state),
        "missing": None if named else model,
        "samples": samples,
        "max_samples": MAX_SAMPLES,
    }


def _default(models: list[Entry], state: State) -> Entry | None:
    with suppress(UnknownModel):
        return _named(models, default_model(state["engine"], state["registry"]))
    return None


def _named(models: list[Entry], name: str | None) -> Entry | None:
    return next((entry for entry in models if entry.name == name), None)


def _example(model: Entry | None) -> str | None:
    """A picture of the model's first domain, where we have one of that name."""
    if model is None or model.card is None:
        return None
    domain = model.card.domains[0]
    return f"/examples/{domain}.jpg" if domain in _examples() else None


def _examples() -> list[str]:
    """Domains that we have a picture of."""
    return [path.stem for path in EXAMPLES.glob("*.jpg")]
