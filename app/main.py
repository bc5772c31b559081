"""The service, composed: settings in, an ASGI application out."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from functools import partial
from importlib.metadata import version
from pathlib import Path

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.types import Lifespan

from app.admission import Admission
from app.archives.staging import Staging
from app.archives.unpacking import ArchiveLimits
from app.auth import Authentication, Gate
from app.bundles.publisher import Publisher
from app.caching import RevalidatedFiles
from app.database.connection import Database
from app.datasets.intake import Intake, IntakeLimits
from app.datasets.store import DatasetStore
from app.default_model import default_model
from app.dependencies import State
from app.engine import Device, Engine, EngineCollector, EngineLimits
from app.exchanges import Exchanges
from app.jobs.collector import JobsCollector
from app.jobs.deferral import Deferral
from app.jobs.embedded import EmbeddedWorker
from app.jobs.service import Jobs
from app.jobs.streams import Streams
from app.keys import KeyRing
from app.metrics import Metrics
from app.middleware import BodyLimit, Head, Identity
from app.openapi import DocumentedApi
from app.origins import SameOrigin
from app.problems import problem_responses, render_errors, renderers
from app.punctuality import Pieces
from app.rate_limit import RateLimit
from app.results import Results
from app.retention import Retention
from app.routes import (
    datasets,
    health,
    jobs,
    metrics,
    models,
    outcomes,
    page,
    recipes,
    results,
    translations,
    versions,
)
from app.settings import UNLIMITED, Settings
from app.strictness import STRICT
from translation.device import canonical, pick_device
from translation.registry import Registry

EXCHANGES_PER_PLACE = 2  # in the queue: as many again may be received and answered
MAX_BUNDLE_FILES = 1000  # shards of 15 MB, and what lies beside them
WEB = Path(__file__).parent / "web"


def create_app(settings: Settings) -> FastAPI:
    """Loads no model: the lifespan does, while /livez already answers and /readyz says what is awaited."""

    counters = Metrics()
    intake = _intake(settings)
    store = Results(settings.results_dir, Retention(settings.results_limits))
    gate = Gate(KeyRing(settings.keys_file), settings.is_open_without_keys)
    app = FastAPI(
        title="SJMVI",
        summary="Unpaired image-to-image translation that samples",
        version=version("sjmvi"),
        lifespan=_lifespan(settings, gate, store, intake, counters),
        docs_url=None,  # the framework's own page loads its scripts from another host
        redoc_url=None,
        middleware=_middleware(settings, gate, counters),
    )
    app.state.stopping = asyncio.Event()  # what has no end of its own ends then; the server sets it
    render_errors(app)
    _add_routes(app)
    app.openapi = DocumentedApi(app, gate)  # type: ignore[method-assign]
    return app


def _lifespan(
    settings: Settings, gate: Gate, store: Results, intake: Intake, counters: Metrics
) -> Lifespan[FastAPI]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[State]:
        registry = Registry(settings.weights_dir, settings.models_dir)
        device = Device(settings.device, settings.max_models_bytes, settings.max_batch_s)
        staging = Staging(settings.models_dir)
        async with (
            Engine(registry, device, _engine_limits(settings), counters) as engine,
            _jobs(settings, registry, intake, engine) as jobs,
            _worker(settings),
            store.kept(),
        ):
            counters.registry.register(EngineCollector(engine))
            counters.registry.register(JobsCollector(jobs))
            await asyncio.to_thread(intake.store.remove_leftovers)
            await asyncio.to_thread(staging.remove_leftovers)
            await asyncio.to_thread(registry.remove_leftovers)
            yield State(
                settings=settings,
                registry=registry,
                engine=engine,
                metrics=counters,
                gate=gate,
                results=store,
                intake=intake,
                publisher=Publisher(registry, staging, _bundle_limits(settings), engine.warm_up),
                jobs=jobs,
                streams=Streams(jobs, settings.max_event_streams, app.state.stopping),
                deferral=Deferral(jobs, engine),
            )

    return lifespan


def _jobs(settings: Settings, registry: Registry, intake: Intake, engine: Engine) -> Jobs:
    database = Database(settings.database)
    default = partial(default_model, engine, registry)
    return Jobs(database, registry, intake.store, settings.runs_dir, default, settings.max_unfinished_jobs)


def _add_routes(app: FastAPI) -> None:
    for routes in (health, metrics, page):
        app.include_router(routes.router)
    for routes in (models, versions, translations, results, datasets, recipes, jobs, outcomes):
        app.include_router(routes.router, dependencies=STRICT, responses=problem_responses(422))
    for folder in ("static", "examples"):
        app.mount(f"/{folder}", RevalidatedFiles(directory=WEB / folder), name=folder)


def _engine_limits(settings: Settings) -> EngineLimits:
    return EngineLimits(settings.max_queue, settings.max_output_pixels, settings.picture_limits)


def _worker(settings: Settings) -> AbstractAsyncContextManager[object]:
    device = canonical(pick_device(settings.device))
    environment = settings.environment(device=device)
    return EmbeddedWorker(environment) if settings.embedded_worker else nullcontext()


def _middleware(settings: Settings, gate: Gate, counters: Metrics) -> list[Middleware]:
    """The outermost first."""
    return [
        Middleware(Pieces),
        Middleware(Identity),
        Middleware(Head),
        Middleware(Exchanges, counters),
        Middleware(ExceptionMiddleware, renderers()),  # what those below it raise
        Middleware(Authentication, gate),
        Middleware(SameOrigin, settings.host_names),
        *([Middleware(RateLimit, settings.rate_limit)] if settings.rate_limit != UNLIMITED else []),
        Middleware(Admission, translations.PATH, EXCHANGES_PER_PLACE * settings.max_queue),
        Middleware(BodyLimit, settings.max_body_bytes, settings.body_timeout_s, _body_limits(settings)),
    ]


def _body_limits(settings: Settings) -> dict[str, tuple[int, float]]:
    timeout_s = settings.dataset_upload_timeout_s
    return {
        datasets.router.prefix: (settings.max_dataset_upload_bytes, timeout_s),
        versions.UPLOADS: (settings.max_bundle_bytes, timeout_s),
    }


def _bundle_limits(settings: Settings) -> ArchiveLimits:
    return ArchiveLimits(settings.max_bundle_bytes, settings.max_bundle_bytes, MAX_BUNDLE_FILES)


def _intake(settings: Settings) -> Intake:
    store = DatasetStore(settings.datasets_dir, settings.max_datasets_bytes)
    archive = ArchiveLimits(
        settings.max_dataset_bytes, settings.max_dataset_entry_bytes, settings.max_dataset_entries
    )
    return Intake(store, IntakeLimits(archive, settings.dataset_inspection_timeout_s))
