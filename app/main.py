"""The service, composed: settings in, an ASGI application out."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.staticfiles import StaticFiles

from app.archives.unpacking import ArchiveLimits
from app.auth import Authentication, Gate
from app.datasets.intake import Intake, IntakeLimits
from app.datasets.store import DatasetStore
from app.dependencies import State
from app.engine import Engine, EngineLimits
from app.keys import KeyRing
from app.middleware import BodyLimit, Head, Identity
from app.openapi import DocumentedApi
from app.origins import SameOrigin
from app.problems import render_errors, renderers
from app.rate_limit import RateLimit
from app.results import Results
from app.retention import Retention
from app.routes import datasets, health, models, page, results, translations
from app.settings import UNLIMITED, Settings
from translation.device import pick_device
from translation.registry import Registry

WEB = Path(__file__).parent / "web"


def create_app(settings: Settings) -> FastAPI:
    """Loads no model: the lifespan does, while /livez already answers and /readyz says what is awaited."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[State]:
        registry = Registry(settings.weights_dir, settings.models_dir)
        async with Engine(registry, pick_device(settings.device), _engine_limits(settings)) as engine:
            await asyncio.to_thread(store.clean)
            await asyncio.to_thread(intake.store.remove_leftovers)
            yield State(
                settings=settings, registry=registry, engine=engine, gate=gate, results=store, intake=intake
            )

    intake = _intake(settings)
    store = Results(settings.results_dir, Retention(settings.results_limits))
    gate = Gate(KeyRing(settings.keys_file), settings.is_open_without_keys)
    app = FastAPI(
        title="SJMVI",
        summary="Unpaired image-to-image translation that samples",
        version=version("sjmvi"),
        lifespan=lifespan,
        docs_url=None,  # the framework's own page loads its scripts from another host
        redoc_url=None,
        middleware=_middleware(settings, gate),
    )
    render_errors(app)
    _add_routes(app)
    app.openapi = DocumentedApi(app, gate)  # type: ignore[method-assign]
    return app


def _add_routes(app: FastAPI) -> None:
    for routes in (health, models, translations, results, datasets, page):
        app.include_router(routes.router)
    for folder in ("static", "examples"):
        app.mount(f"/{folder}", StaticFiles(directory=WEB / folder), name=folder)


def _engine_limits(settings: Settings) -> EngineLimits:
    return EngineLimits(
        settings.max_queue, settings.timeout_s, settings.max_output_pixels, settings.picture_limits
    )


def _middleware(settings: Settings, gate: Gate) -> list[Middleware]:
    """The outermost first."""
    return [
        Middleware(Identity),
        Middleware(Head),
        Middleware(ExceptionMiddleware, renderers()),  # what those below it raise
        Middleware(Authentication, gate),
        Middleware(SameOrigin, settings.host_names),
        *([Middleware(RateLimit, settings.rate_limit)] if settings.rate_limit != UNLIMITED else []),
        Middleware(BodyLimit, settings.max_body_bytes, settings.body_timeout_s, _body_limits(settings)),
    ]


def _body_limits(settings: Settings) -> dict[str, tuple[int, float]]:
    return {datasets.router.prefix: (settings.max_dataset_upload_bytes, settings.dataset_upload_timeout_s)}


def _intake(settings: Settings) -> Intake:
    store = DatasetStore(settings.data_dir / "datasets", settings.max_datasets_bytes)
    archive = ArchiveLimits(
        settings.max_dataset_bytes, settings.max_dataset_entry_bytes, settings.max_dataset_entries
    )
    return Intake(store, IntakeLimits(archive, settings.dataset_inspection_timeout_s))
