"""`sjmvi worker`: takes the jobs that the service was given, from another process or machine."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from app.database.connection import Database
    from app.jobs.sweep import Sweep
    from app.jobs.worker import Place
    from app.settings import Settings


def worker(
    device: Annotated[
        str | None, typer.Option(help="auto, cpu, cuda or cuda:N; one worker of each on a machine")
    ] = None,
    until_stdin_closes: Annotated[
        bool, typer.Option("--until-stdin-closes", help="end with the program that started it")
    ] = False,
) -> None:
    """Take jobs, one at a time. SJMVI_DATA_DIR and SJMVI_DATABASE_URL are those of the service.

    A signal ends it; the job at work is stopped where it can go on, and goes on with the next worker.
    """
    import logging
    from contextlib import closing

    from app.database.connection import Database
    from app.database.migration import upgrade
    from app.jobs.worker import Worker
    from app.settings import Settings

    logging.basicConfig(format="%(levelname)s: %(message)s", level=logging.WARNING)
    settings = Settings().updated(device=device)
    with closing(Database(settings.database)) as database:
        upgrade(database)
        Worker(_place(settings)).run(_sweep(settings, database), until_stdin_closes)


def _place(settings: "Settings") -> "Place":
    from app.jobs.worker import Place

    return Place(
        settings.database,
        settings.datasets_dir,
        settings.runs_dir.absolute(),
        settings.data_dir / "workers",
        _device(settings.device),
        _features(settings.evaluation_features),
        settings.environment(),
    )


def _features(name: str | None) -> str | None:
    """A file's, for a command in another folder."""
    return str(Path(name).absolute()) if name and Path(name).is_file() else name


def _device(name: str) -> str:
    """By the name that it has whoever asks, so that no two workers have it."""
    if name == "cpu" or name.startswith("cuda:"):
        return name  # torch, which would tell as much, takes seconds and hundreds of megabytes
    from translation.device import canonical, pick_device

    return canonical(pick_device(name))


def _sweep(settings: "Settings", database: "Database") -> "Sweep":
    from app.jobs.queue import Queue
    from app.jobs.sweep import JobAges, Sweep

    ages = JobAges(
        files=timedelta(days=settings.max_job_files_age_days), all=timedelta(days=settings.max_jobs_age_days)
    )
    return Sweep(database, Queue(database), settings.runs_dir, ages)
