"""A job's work, as a worker does it: its stages one after the other, each a command that is watched."""

import logging
import shutil
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from threading import Event

from app.database.faults import DatabaseFault
from app.database.tables import JobRow
from app.datasets.store import DatasetStore, UnknownDataset
from app.jobs.command import Command, Failure, StillAtWork, started, was_stopped
from app.jobs.desk import Desk, Ticket, TicketVoid
from app.jobs.folder import JobFolder
from app.jobs.kinds import KINDS, Stage, Watch, Work
from app.jobs.progress import Progress
from app.jobs.queue import Queue
from app.jobs.states import State
from translation.durable import is_full

LOOK_S = 0.25
REPORT_S = 1.0
EVENTS_KEPT = 2000  # about so many of a job tell its progress, however long it takes
RETRY_S = 5.0
logger = logging.getLogger(__name__)


class Outcome(StrEnum):
    DONE = "done"
    OVER = "over"  # nothing more is to be done with this ticket
    AGAIN = "again"


@dataclass(frozen=True)
class Workshop:
    """What all tasks of a worker share. `stopping` is set when the worker has to end, `idle` when it may."""

    desk: Desk
    queue: Queue
    datasets: DatasetStore
    runs_dir: Path
    device: str
    features: str | None
    environment: Mapping[str, str]
    stopping: Event
    idle: Event


class Reporter:
    """Tells the ledger how far a command is: every second, in events the more seldom the longer it takes."""

    def __init__(self, desk: Desk, ticket: Ticket, watch: Watch, since: float) -> None:
        self._desk, self._ticket, self._watch, self._since = desk, ticket, watch, since
        self._due = self._event_due = 0.0
        self._last: Progress | None = None
        self._has_warned = False

    def report(self, at_end: bool = False) -> None:
        now = time.time()
        if not at_end and now < self._due:
            return
        self._due = now + REPORT_S
        progress = self._look()
        if progress is None or progress == self._last:
            return
        self._last = progress
        with_event = at_end or now >= self._event_due
        if with_event:
            self._event_due = now + max(REPORT_S, (now - self._since) / EVENTS_KEPT)
        self._desk.report(self._ticket, progress, with_event)

    def _look(self) -> Progress | None:
        """None where a file cannot be read or understood just now: no reason to end a command that works."""
        try:
            return self._watch()
        except (OSError, ValueError, LookupError) as error:
            if not self._has_warned:
                logger.warning("job %s: its progress cannot be read: %s", self._ticket.job_id, error)
            self._has_warned = True
            return None


class Task:
    """Of one ticket. `stage` and `finish` are steps: one that is done no worker does again."""

    def __init__(self, workshop: Workshop, ticket: Ticket) -> None:
        self._shop, self._ticket = workshop, ticket

    def stage(self, index: int) -> str:
        """An Outcome: DONE, or OVER."""
        return self._until_recorded(lambda: self._stage(index))

    def finish(self) -> str:
        return self._until_recorded(self._finish)

    def give_back(self) -> None:
        """At the ticket's end, for a job that has not come to its own: nobody would go on with it."""
        self._until_recorded(self._give_back)

    def _until_recorded(self, step: Callable[[], Outcome]) -> str:
        """For as long as it takes until the database can be written: a job is never left as it was."""
        outcome = Outcome.AGAIN
        while outcome == Outcome.AGAIN:
            if self._shop.stopping.is_set():
                self._park()
            try:
                outcome = self._recorded(step)
            except DatabaseFault as fault:
                logger.warning("job %s: %s", self._ticket.job_id, fault)
                self._shop.stopping.wait(RETRY_S)
        return str(outcome)

    def _recorded(self, step: Callable[[], Outcome]) -> Outcome:
        try:
            return step()
        except TicketVoid:
            return Outcome.OVER
        except DatabaseFault:
            raise
        except UnknownDataset as error:
            return self._fail(Failure("unknown-dataset", str(error)))
        except StillAtWork as error:
            return self._fail(Failure("still-at-work", f"{error}; then retry the job, which goes on"))
        except OSError as error:
            logger.error("job %s: %s", self._ticket.job_id, error)
            slug = "out-of-space" if is_full(error) else "system-error"
            return self._fail(Failure(slug, error.strerror or "the system refused"))
        except Exception:  # the last one to see it: what a step raises, the queue would take for its end
            logger.exception("job %s", self._ticket.job_id)
            return self._fail(Failure("internal-error", "the worker failed; its log says why"))

    def _fail(self, failure: Failure) -> Outcome:
        with suppress(TicketVoid):
            self._shop.desk.fail(self._ticket, failure.slug, failure.detail)
        return Outcome.OVER

    def _park(self) -> None:
        """For a worker that ends. Does not return: to the queue, a step that returns is done."""
        self._shop.idle.set()
        Event().wait()

    def _stage(self, index: int) -> Outcome:
        job = self._shop.desk.take(self._ticket)
        if self._shop.desk.wanted(self._ticket):  # since the stage before, which was at its end
            self._shop.desk.interrupt(self._ticket)
            return Outcome.OVER
        work = self._work(job)
        stage = KINDS[job.kind].stages[index]
        if stage.begins_anew:
            shutil.rmtree(work.folder.out, ignore_errors=True)
        with started(stage.arguments(work), work.folder, self._shop.environment) as command:
            code = self._watched(command, stage, work)
        if code is None:
            return Outcome.OVER
        return self._judge(stage, command, code)

    def _watched(self, command: Command, stage: Stage, work: Work) -> int | None:
        """The exit code; None where it was stopped because somebody wanted it."""
        reporter = Reporter(self._shop.desk, self._ticket, stage.watch(work), work.since)
        while (code := command.wait(LOOK_S)) is None:
            if self._shop.stopping.is_set():
                self._end(command)
            try:
                wanted = self._shop.desk.wanted(self._ticket)
                reporter.report()
            except DatabaseFault as fault:  # no reason to end what does well without it
                logger.warning("job %s: %s", self._ticket.job_id, fault)
                continue
            if wanted and not stage.is_whole:
                return self._stop(command)
        reporter.report(at_end=True)
        return code

    def _stop(self, command: Command) -> int | None:
        """What is wanted may be another thing by the time that the command has ended."""
        code = command.stop()
        if not was_stopped(code) and self._shop.desk.wanted(self._ticket) == State.PAUSED:
            return code  # it came to its end by itself
        self._shop.desk.interrupt(self._ticket)
        return None

    def _end(self, command: Command) -> None:
        command.stop()
        try:
            self._shop.desk.interrupt(self._ticket)
        finally:  # without a database the next worker finds it as it is
            self._park()

    def _judge(self, stage: Stage, command: Command, code: int) -> Outcome:
        if code in stage.good:
            return Outcome.DONE
        if was_stopped(code):  # by nobody here: out of memory, or by an operator
            logger.warning("job %s: %s ended with exit code %d", self._ticket.job_id, stage.name, code)
            self._shop.desk.interrupt(self._ticket)
            return Outcome.AGAIN
        return self._fail(command.failure())

    def _finish(self) -> Outcome:
        job = self._shop.desk.take(self._ticket)
        work = self._work(job)
        answer = work.folder.answer.read_text("utf-8")
        self._shop.desk.succeed(self._ticket, KINDS[job.kind].summarise(work, answer))
        return Outcome.DONE

    def _give_back(self) -> Outcome:
        if self._shop.desk.give_back(self._ticket, self._shop.queue):
            logger.warning(
                "job %s is queued anew: the queue could not record how far it is", self._ticket.job_id
            )
        return Outcome.OVER

    def _work(self, job: JobRow) -> Work:
        """Raises UnknownDataset."""
        dataset = self._shop.datasets.get(job.dataset) if job.dataset else None
        return Work(
            job.params,
            JobFolder(self._shop.runs_dir / job.id),
            self._shop.device,
            self._shop.features,
            dataset,
            self._shop.datasets.pictures(job.dataset) if job.dataset else None,
        )
