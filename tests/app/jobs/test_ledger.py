"""The states of jobs, and what may follow on what."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from app.database.connection import Database
from app.database.tables import EventRow, IdempotencyRow, JobRow
from app.jobs.desk import MAX_INTERRUPTIONS, Desk, Ticket, TicketVoid
from app.jobs.faults import (
    CancelWanted,
    IdempotencyKeyReused,
    JobFinished,
    JobRunning,
    TooManyJobs,
    UnknownJob,
)
from app.jobs.ledger import Idempotency, Ledger, Order, new_id, unfinished_of
from app.jobs.progress import Progress
from app.jobs.queue import Queue
from app.jobs.states import FINISHED, State

ORDER = Order("translate", {"model": "tiny"}, owner="phone", dataset="photos")


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database, "here-cpu")


@pytest.fixture
def job(ledger: Ledger) -> JobRow:
    return ledger.create(ORDER)[0]


def events(database: Database) -> list[str]:
    with database.reading() as session:
        return [row.data.get("state", row.name) for row in session.query(EventRow).order_by(EventRow.id)]


def test_a_job_is_queued_runs_and_succeeds(
    ledger: Ledger, desk: Desk, job: JobRow, database: Database
) -> None:
    ticket = Ticket(job.id, 1)
    assert (job.state, job.attempt, unfinished_of(database, "photos")) == (State.QUEUED, 0, job.id)
    taken = desk.take(ticket)
    assert (taken.state, taken.attempt, taken.worker) == (State.RUNNING, 1, "here-cpu")
    desk.succeed(ticket, {"translated": 3})
    assert events(database) == ["queued", "running", "succeeded", "succeeded"]
    assert unfinished_of(database, "photos") is None
    with pytest.raises(TicketVoid):
        desk.take(ticket)
    with pytest.raises(JobFinished):
        ledger.retry(job.id, None)


ASKED: dict[str, Callable[[Ledger], Callable[[str, str | None], JobRow]]] = {
    "cancel": lambda ledger: ledger.cancel,
    "pause": lambda ledger: ledger.pause,
    "resume": lambda ledger: ledger.resume,
    "retry": lambda ledger: ledger.retry,
}
FOLLOWS: dict[tuple[State, str], State | type[Exception]] = {
    (State.QUEUED, "cancel"): State.CANCELLED,
    (State.QUEUED, "pause"): State.PAUSED,
    (State.QUEUED, "resume"): JobRunning,
    (State.QUEUED, "retry"): JobRunning,
    (State.RUNNING, "cancel"): State.RUNNING,  # until its worker has seen it
    (State.RUNNING, "pause"): State.RUNNING,
    (State.RUNNING, "resume"): JobRunning,
    (State.RUNNING, "retry"): JobRunning,
    (State.PAUSED, "cancel"): State.CANCELLED,
    (State.PAUSED, "pause"): State.PAUSED,
    (State.PAUSED, "resume"): State.QUEUED,
    (State.PAUSED, "retry"): JobRunning,
    (State.INTERRUPTED, "cancel"): State.CANCELLED,
    (State.INTERRUPTED, "pause"): State.PAUSED,
    (State.INTERRUPTED, "resume"): JobRunning,
    (State.INTERRUPTED, "retry"): JobRunning,
    (State.SUCCEEDED, "cancel"): JobFinished,
    (State.SUCCEEDED, "pause"): JobFinished,
    (State.SUCCEEDED, "resume"): JobFinished,
    (State.SUCCEEDED, "retry"): JobFinished,
    (State.FAILED, "cancel"): JobFinished,
    (State.FAILED, "pause"): JobFinished,
    (State.FAILED, "resume"): JobFinished,
    (State.FAILED, "retry"): State.QUEUED,
    (State.CANCELLED, "cancel"): JobFinished,
    (State.CANCELLED, "pause"): JobFinished,
    (State.CANCELLED, "resume"): JobFinished,
    (State.CANCELLED, "retry"): State.QUEUED,
}


def bring_to(state: State, job: JobRow, ledger: Ledger, desk: Desk) -> None:
    ticket = Ticket(job.id, job.ticket)
    if state in (State.PAUSED, State.CANCELLED):
        ASKED["pause" if state == State.PAUSED else "cancel"](ledger)(job.id, None)
    elif state != State.QUEUED:
        desk.take(ticket)
        endings: dict[State, Callable[[], None]] = {
            State.INTERRUPTED: lambda: desk.interrupt(ticket),
            State.SUCCEEDED: lambda: desk.succeed(ticket, {}),
            State.FAILED: lambda: desk.fail(ticket, "internal-error", ""),
        }
        endings.get(state, lambda: None)()


@pytest.mark.parametrize(("before", "asked"), FOLLOWS, ids=lambda value: str(value))
def test_what_can_be_asked_of_a_job(
    before: State, asked: str, job: JobRow, ledger: Ledger, desk: Desk
) -> None:
    bring_to(before, job, ledger, desk)
    after = FOLLOWS[before, asked]
    if isinstance(after, State):
        assert ASKED[asked](ledger)(job.id, None).state == after
    else:
        with pytest.raises(after):
            ASKED[asked](ledger)(job.id, None)


def test_every_state_is_in_the_table() -> None:
    assert {state for state, _ in FOLLOWS} == {*State}
    assert len(FOLLOWS) == len(State) * len(ASKED)
    assert {*FINISHED} < {*State}


def test_a_paused_job_gets_a_ticket_of_its_own_when_it_goes_on(
    ledger: Ledger, desk: Desk, job: JobRow
) -> None:
    ledger.pause(job.id, None)
    assert ledger.resume(job.id, None).ticket == 2
    with pytest.raises(TicketVoid):
        desk.take(Ticket(job.id, 1))
    assert desk.take(Ticket(job.id, 2)).attempt == 1


def test_what_was_wanted_of_a_running_job_outlives_its_worker(
    ledger: Ledger, desk: Desk, job: JobRow, database: Database
) -> None:
    desk.take(Ticket(job.id, 1))
    assert desk.wanted(Ticket(job.id, 1)) is None
    ledger.cancel(job.id, None)
    assert desk.wanted(Ticket(job.id, 1)) == State.CANCELLED
    Desk(database, "there-cpu").interrupt_all_of("here-cpu")
    with pytest.raises(TicketVoid):
        desk.take(Ticket(job.id, 1))
    assert events(database)[-1] == "cancelled"


def test_a_cancel_is_not_undone_by_a_pause_before_the_worker_has_looked(
    ledger: Ledger, desk: Desk, job: JobRow
) -> None:
    desk.take(Ticket(job.id, 1))
    assert ledger.pause(job.id, None).wanted == State.PAUSED
    assert ledger.cancel(job.id, None).wanted == State.CANCELLED
    with pytest.raises(CancelWanted):
        ledger.pause(job.id, None)
    assert ledger.cancel(job.id, None).wanted == desk.wanted(Ticket(job.id, 1)) == State.CANCELLED


def test_two_workers_never_have_one_job(desk: Desk, job: JobRow, database: Database) -> None:
    other, ticket = Desk(database, "there-cpu"), Ticket(job.id, 1)
    desk.take(ticket)
    with pytest.raises(TicketVoid):
        other.take(ticket)
    assert desk.take(ticket).attempt == 1  # the same worker, at its next step
    other.interrupt_all_of("here-cpu")
    assert other.interrupted_of("here-cpu") == [ticket]
    other.adopt(ticket, "here-cpu")
    assert other.take(ticket).attempt == 2
    for late in (
        lambda: desk.succeed(ticket, {}),
        lambda: desk.fail(ticket, "x", ""),
        lambda: desk.wanted(ticket),
    ):
        with pytest.raises(TicketVoid):
            late()


def test_a_job_that_ends_all_its_workers_fails(desk: Desk, job: JobRow, ledger: Ledger) -> None:
    ticket = Ticket(job.id, 1)

    def interrupted(steps: int) -> None:
        desk.take(ticket)
        desk.report(ticket, Progress(done=steps, total=9, unit="steps"), with_event=False)
        desk.interrupt(ticket)

    for _ in range(MAX_INTERRUPTIONS):
        interrupted(steps=1)
    interrupted(steps=2)  # one that comes further is worth it
    for _ in range(MAX_INTERRUPTIONS - 1):
        interrupted(steps=2)
    desk.take(ticket)
    desk.interrupt(ticket)
    with pytest.raises(TicketVoid):
        desk.take(ticket)
    assert ledger.retry(job.id, None).state == State.QUEUED


def test_a_job_that_is_tried_again_ends_once(ledger: Ledger, job: JobRow, database: Database) -> None:
    ledger.cancel(job.id, None)
    ledger.retry(job.id, None)
    ledger.cancel(job.id, None)
    assert events(database) == ["queued", "cancelled", "queued", "cancelled", "cancelled"]  # the last: done


def test_the_same_key_brings_the_same_job_for_a_day(ledger: Ledger, database: Database) -> None:
    first, is_new = ledger.create(ORDER, Idempotency("k", "a"))
    again, is_newer = ledger.create(ORDER, Idempotency("k", "a"))
    assert (is_new, is_newer, again.id) == (True, False, first.id)
    with pytest.raises(IdempotencyKeyReused):
        ledger.create(ORDER, Idempotency("k", "b"))
    assert ledger.create(Order("translate", {}, owner="laptop"), Idempotency("k", "b"))[1]
    with database.writing() as session:
        session.get_one(IdempotencyRow, ("phone", "k")).created = datetime.now(UTC) - timedelta(hours=25)
    assert ledger.create(ORDER, Idempotency("k", "b"))[1]


def test_a_job_is_its_owners(ledger: Ledger, job: JobRow) -> None:
    for change in (ledger.cancel, ledger.pause, ledger.resume, ledger.retry):
        with pytest.raises(UnknownJob):
            change(job.id, "laptop")
    with pytest.raises(UnknownJob):
        ledger.cancel(new_id(), None)
    assert ledger.cancel(job.id, "phone").state == State.CANCELLED


def test_an_owner_has_so_many_jobs_that_are_not_over(database: Database, queue: Queue) -> None:
    ledger, others = (
        Ledger(database, queue, max_unfinished=2),
        (Order("translate", {}, name) for name in ("laptop", None)),
    )
    first, _ = ledger.create(ORDER, Idempotency("k", "a"))
    second, _ = ledger.create(ORDER)
    with pytest.raises(TooManyJobs, match="2 jobs of this owner are not over"):
        ledger.create(ORDER)
    assert [ledger.create(other)[1] for other in others] == [True, True]
    assert ledger.create(ORDER, Idempotency("k", "a"))[0].id == first.id  # one that is there
    ledger.cancel(second.id, None)
    assert ledger.create(ORDER)[1]
    with pytest.raises(TooManyJobs):
        ledger.retry(second.id, None)
