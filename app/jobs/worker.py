"""A worker: takes tickets from the queue, one at a time, for the device that it has leased.

If it is killed, DBOS gives its ticket to the next worker of its name, and the steps that were done are not
done again. Tickets of a worker whose lease has lapsed any other takes over.
"""

import logging
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread

from dbos import DBOS

from app.database.connection import Database
from app.database.faults import DatabaseFault, readable_faults
from app.datasets.store import DatasetStore
from app.jobs.command import StillAtWork, check_endable
from app.jobs.desk import Desk, Ticket
from app.jobs.folder import JobFolder
from app.jobs.kinds import KINDS
from app.jobs.lease import is_alive, leased, worker_name
from app.jobs.queue import (
    APPLICATION,
    APPLICATION_VERSION,
    QUEUE,
    SERIALIZER,
    WORKFLOW,
    Queue,
    ticket_id,
)
from app.jobs.sweep import Sweep
from app.jobs.task import Outcome, Task, Workshop

PATIENCE_S = 60.0  # with another that writes the database
TAKEOVER_S = 5.0
POLL_S = 0.5
END_S = 90.0
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Place:
    """Where a worker works. The folders are those of the service."""

    database_url: str
    datasets_dir: Path
    runs_dir: Path
    leases_dir: Path
    device: str
    features: str | None
    environment: Mapping[str, str]  # for its commands, beside its own


class Worker:
    def __init__(self, place: Place) -> None:
        self._place, self._name = place, worker_name(place.device)
        self._database = Database(place.database_url, PATIENCE_S)
        self._desk = Desk(self._database, self._name)
        self._stopping, self._idle = Event(), Event()
        self._idle.set()
        self._left: set[Ticket] = set()  # to others

    def run(self, sweep: Sweep, until_stdin_closes: bool = False) -> None:
        """Until SIGTERM or SIGINT. Ends the process: what the queue has given out is not to be given back."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stopping.set())
        if until_stdin_closes:
            Thread(target=self._await_end_of_stdin, daemon=True).start()
        with leased(self._place.leases_dir, self._name, self._stopping) as held:
            if held:
                self._launch()
            while not self._stopping.wait(TAKEOVER_S):
                try:
                    self._take_over()
                    sweep.when_due()
                except (DatabaseFault, OSError) as fault:  # the database, or a disk that others share
                    logger.warning("%s", fault)
            self._idle.wait(END_S)
            os._exit(0)

    def _await_end_of_stdin(self) -> None:
        sys.stdin.buffer.read()
        self._stopping.set()

    def _launch(self) -> None:
        self._desk.interrupt_all_of(self._name)
        DBOS(
            config={
                "name": APPLICATION,
                "system_database_url": self._database.url.render_as_string(hide_password=False),
                "application_version": APPLICATION_VERSION,
                "executor_id": self._name,
                "serializer": SERIALIZER,
                "enable_otlp": False,
                "log_level": "WARNING",
            }
        )
        self._register()
        DBOS.launch()
        DBOS.register_queue(QUEUE, worker_concurrency=1, polling_interval_sec=POLL_S)
        logger.info("worker %s takes jobs", self._name)

    def _register(self) -> None:
        workshop = Workshop(
            self._desk,
            Queue(self._database),
            DatasetStore(self._place.datasets_dir, 0),
            self._place.runs_dir,
            self._place.device,
            self._place.features,
            self._place.environment,
            self._stopping,
            self._idle,
        )

        @DBOS.workflow(name=WORKFLOW, max_recovery_attempts=None)
        def job(job_id: str, ticket: int, kind: str) -> None:
            task = Task(workshop, Ticket(job_id, ticket))
            workshop.idle.clear()
            try:
                for index, stage in enumerate(KINDS[kind].stages):
                    if DBOS.run_step({"name": stage.name}, task.stage, index) != Outcome.DONE:
                        return
                DBOS.run_step({"name": "finish"}, task.finish)
            finally:  # also where DBOS cannot record a step, or finds the ticket no more
                task.give_back()
                workshop.idle.set()

    def _take_over(self) -> None:
        given_out = _given_out()
        for worker in {*self._desk.workers(), *given_out}:
            if worker != self._name and not is_alive(self._place.leases_dir, worker):
                self._desk.interrupt_all_of(worker)
                tickets = {*self._desk.interrupted_of(worker), *given_out.get(worker, [])}
                for ticket in filter(self._can_be_had, tickets):
                    with readable_faults():
                        DBOS.resume_workflow(ticket_id(ticket.job_id, ticket.number), queue_name=QUEUE)
                    self._desk.adopt(ticket, worker)
                    logger.warning(
                        "job %s of worker %s, which is no more, is taken over", ticket.job_id, worker
                    )

    def _can_be_had(self, ticket: Ticket) -> bool:
        """Not while its command lives on, on a machine that is not this one: then it stays interrupted."""
        try:
            check_endable(JobFolder(self._place.runs_dir / ticket.job_id))
        except StillAtWork as error:
            if ticket not in self._left:
                logger.warning("job %s is not taken over yet: %s", ticket.job_id, error)
            self._left.add(ticket)
            return False
        return True


def _given_out() -> dict[str, list[Ticket]]:
    """By the queue, to each worker: it may have died before the job was its own. Raises DatabaseFault."""
    with readable_faults():
        pending = DBOS.list_workflows(status="PENDING", queue_name=QUEUE, load_input=False, load_output=False)
    tickets: dict[str, list[Ticket]] = {}
    for workflow in pending:
        job_id, number = workflow.workflow_id.split(".")
        tickets.setdefault(str(workflow.executor_id), []).append(Ticket(job_id, int(number)))
    return tickets
