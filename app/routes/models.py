"""Discovery: which models there are, what the service does, and how much of it."""

import logging
from importlib.metadata import version
from typing import Any

from fastapi import APIRouter

from app.caching import NOT_MODIFIED, RevalidatedRoute
from app.dependencies import StateDep
from app.engine import UnreadableCard
from app.problems import problem_responses
from app.schemas import Direction, Discovery, Limits, ModelDetails, Models, ModelSummary
from app.settings import Settings
from translation.card import Card, InvalidBundle, read_card
from translation.codec import FORMATS
from translation.device import describe, pick_device
from translation.registry import version_name

router = APIRouter(prefix="/v1", tags=["models"], route_class=RevalidatedRoute, responses=NOT_MODIFIED)
logger = logging.getLogger(__name__)

LINKS = {
    "models": "/v1/models",
    "limits": "/v1/limits",
    "translations": "/v1/translations",
    "datasets": "/v1/datasets",
    "jobs": "/v1/jobs",
    "recipes": "/v1/recipes",
    "openapi": "/openapi.json",
    "docs": "/docs",
}


@router.get("", operation_id="discover")
async def discover(state: StateDep) -> Discovery:
    settings = state["settings"]
    device = describe(pick_device(settings.device))
    return Discovery(version=version("sjmvi"), device=device, links=LINKS, limits=_limits(settings))


@router.get("/limits", operation_id="limits")
async def limits(state: StateDep) -> Limits:
    return _limits(state["settings"])


@router.get("/models", operation_id="list_models")
def list_models(state: StateDep) -> Models:
    """Those whose cards can be read; `sjmvi weights list` says what is wrong with the others."""
    entries = state["registry"].list()
    return Models(
        models=[
            ModelSummary(**summary(entry.name, entry.card, entry.digest))
            for entry in entries
            if entry.card and entry.digest
        ]
    )


@router.get("/models/{name}", operation_id="show_model", responses=problem_responses(404, 422, 503))
def show_model(name: str, state: StateDep) -> ModelDetails:
    """With the whole card."""
    try:
        card, digest = read_card(state["registry"].folder(name))
    except InvalidBundle as error:
        logger.error("model %s: %s", name, error)
        raise UnreadableCard(name) from error
    return ModelDetails(**summary(name, card, digest), card=card.model_dump(mode="json"))


def summary(name: str, card: Card, digest: str) -> dict[str, Any]:
    return {
        "name": name,
        "version": version_name(digest),
        "domains": list(card.domains),
        "directions": [Direction(source=source, to=to) for source, to in card.directions],
        "training_size": card.training_size,
        "process_size": card.process_size,
        "digest": digest,
        "licence": card.licence,
    }


def _limits(settings: Settings) -> Limits:
    shared = settings.model_dump(include=set(Limits.model_fields))
    picture = settings.picture_limits
    return Limits(
        **shared, min_side=picture.min_side, max_aspect=picture.max_aspect, input_formats=list(FORMATS)
    )
