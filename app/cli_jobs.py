"""`sjmvi jobs`: the jobs of the service, its own or in the database that it shares."""

import json
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from app.jobs.states import State

if TYPE_CHECKING:
    from app.database.connection import Database
    from app.database.tables import JobRow
    from app.jobs.ledger import Ledger

WIDTH = 140
jobs = typer.Typer(help="List, show, pause, cancel, retry and remove jobs.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="for programs")]
JobId = Annotated[str, typer.Argument(metavar="ID", help="as sjmvi jobs list has it")]


@jobs.command("list", epilog="sjmvi jobs list --state running")
def list_jobs(
    state: Annotated[State | None, typer.Option(help="only those")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 20,
    as_json: AsJson = False,
) -> None:
    """The newest first."""
    from sqlalchemy import select

    from app.database.tables import JobRow

    query = select(JobRow).where(JobRow.state == state) if state else select(JobRow)
    jobs: Sequence[JobRow] = ()
    with database() as opened:
        if opened:
            with opened.reading() as session:
                jobs = session.scalars(query.order_by(JobRow.id.desc()).limit(limit)).all()
    if as_json:
        typer.echo(json.dumps([_row(job) for job in jobs]))
        return
    table = Table("id", "kind", "state", "progress", "of", "created", box=None, pad_edge=False)
    for job in jobs:
        about = job.dataset or job.params.get("model") or ""
        table.add_row(job.id, job.kind, job.state, _progress(job), about, f"{job.created:%Y-%m-%d %H:%M}")
    console = Console()
    console.width = max(console.width, WIDTH)  # an id that is cut short is of no use
    console.print(table if jobs else "none")


@jobs.command(epilog="sjmvi jobs show 019ab0c2-7a31-7c44-9a55-6f0e2d1c3b4a")
def show(job_id: JobId, as_json: AsJson = False) -> None:
    """All that is known of one."""
    with _jobs() as jobs_database:
        text = json.dumps(_row(_find(jobs_database, job_id)), indent=None if as_json else 2)
    if as_json:
        typer.echo(text)
    else:
        Console().print_json(text)


@jobs.command(epilog="sjmvi jobs cancel 019ab0c2-7a31-7c44-9a55-6f0e2d1c3b4a")
def cancel(job_id: JobId, as_json: AsJson = False) -> None:
    """End one, whoever ordered it. What it has done is kept for a retry."""
    with _ledger() as ledger:
        _tell(ledger.cancel(job_id, owner=None), as_json)


@jobs.command(epilog="sjmvi jobs pause 019ab0c2-7a31-7c44-9a55-6f0e2d1c3b4a")
def pause(job_id: JobId, as_json: AsJson = False) -> None:
    """Stop one for now, its device free for others."""
    with _ledger() as ledger:
        _tell(ledger.pause(job_id, owner=None), as_json)


@jobs.command(epilog="sjmvi jobs resume 019ab0c2-7a31-7c44-9a55-6f0e2d1c3b4a")
def resume(job_id: JobId, as_json: AsJson = False) -> None:
    """Go on with one that is paused, where it was."""
    with _ledger() as ledger:
        _tell(ledger.resume(job_id, owner=None), as_json)


@jobs.command(epilog="sjmvi jobs retry 019ab0c2-7a31-7c44-9a55-6f0e2d1c3b4a")
def retry(job_id: JobId, as_json: AsJson = False) -> None:
    """Take up one that has failed or was cancelled, where it was."""
    from app.cli_data import store
    from app.cli_weights import registry
    from app.jobs.service import check_needs

    with _ledger() as ledger:
        check_needs(_find(ledger.database, job_id), store(), registry())
        _tell(ledger.retry(job_id, owner=None), as_json)


@jobs.command(epilog="sjmvi jobs remove 019ab0c2-7a31-7c44-9a55-6f0e2d1c3b4a")
def remove(job_id: JobId, as_json: AsJson = False) -> None:
    """Delete one that is over, with its files. A model that it has published stays."""
    from app.jobs import removal
    from app.jobs.queue import Queue
    from app.settings import Settings

    with _jobs() as jobs_database, closing(Queue(jobs_database)) as queue:
        removal.remove(jobs_database, queue, Settings().runs_dir, job_id)
    typer.echo(json.dumps({"deleted": job_id}) if as_json else f"{job_id} is deleted")


@contextmanager
def database() -> Iterator["Database | None"]:
    """As it is: a service that runs may be of another version. None where there is none, and so no job.

    Raises DatabaseFault.
    """
    from app.database.connection import Database
    from app.database.migration import is_made
    from app.settings import Settings

    with closing(Database(Settings().database)) as jobs_database:
        yield jobs_database if is_made(jobs_database) else None


@contextmanager
def _jobs() -> Iterator["Database"]:
    """Raises UnknownJob, as of each one, where there is none."""
    from app.jobs.faults import UnknownJob

    with database() as jobs_database:
        if jobs_database is None:
            raise UnknownJob
        yield jobs_database


@contextmanager
def _ledger() -> Iterator["Ledger"]:
    """Raises UnknownJob where there is no database."""
    from app.jobs.ledger import Ledger
    from app.jobs.queue import Queue
    from app.settings import Settings

    with _jobs() as jobs_database, closing(Queue(jobs_database)) as queue:
        yield Ledger(jobs_database, queue, Settings().max_unfinished_jobs)


def _find(jobs_database: "Database", job_id: str) -> "JobRow":
    """Raises UnknownJob."""
    from app.database.tables import JobRow
    from app.jobs.faults import UnknownJob

    with jobs_database.reading() as session:
        job = session.get(JobRow, job_id)
    if job is None:
        raise UnknownJob
    return job


def _tell(job: "JobRow", as_json: bool) -> None:
    """A worker that has it is only asked to stop, and does so in its own time."""
    told = f"is stopping, to be {job.wanted}" if job.wanted else f"is {job.state}"
    typer.echo(json.dumps(_row(job)) if as_json else f"{job.id} {told}")


def _row(job: "JobRow") -> dict[str, Any]:
    names = ("id", "kind", "state", "wanted", "attempt", "owner", "params", "progress", "result", "error")
    times = {name: getattr(job, name) for name in ("created", "started", "finished")}
    return {name: getattr(job, name) for name in (*names, "worker")} | {
        name: time.isoformat() if time else None for name, time in times.items()
    }


def _progress(job: "JobRow") -> str:
    return f"{job.progress['done']}/{job.progress['total']} {job.progress['unit']}" if job.progress else ""
