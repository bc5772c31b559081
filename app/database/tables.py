"""Jobs as they are shown, their events, and the keys of requests that made one."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect, ForeignKey, Index, String, TypeDecorator
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

Json = dict[str, Any]


class UtcTime(TypeDecorator[datetime]):
    """SQLite keeps no time zone: what comes back from it is UTC, and says so."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.replace(tzinfo=UTC) if value and value.tzinfo is None else value


class Table(DeclarativeBase):
    type_annotation_map = {Json: JSON(none_as_null=True), datetime: UtcTime}


class JobRow(Table):
    """`ticket` numbers the entries in the queue that were made for the job: only the last one counts.

    `worker` is the lease of the process that has it. `wanted` asks that one to stop, as paused or cancelled.
    """

    __tablename__ = "jobs"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    params: Mapped[Json]
    owner: Mapped[str | None] = mapped_column(String(64))
    dataset: Mapped[str | None] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(20))
    wanted: Mapped[str | None] = mapped_column(String(20))
    ticket: Mapped[int]
    attempt: Mapped[int]
    interruptions: Mapped[int]
    worker: Mapped[str | None] = mapped_column(String(200))
    progress: Mapped[Json | None]
    result: Mapped[Json | None]
    error: Mapped[Json | None]
    created: Mapped[datetime]
    started: Mapped[datetime | None]
    finished: Mapped[datetime | None]

    __table_args__ = (Index("jobs_by_state", "state"), Index("jobs_by_dataset", "dataset"))


class EventRow(Table):
    """Written in the transaction that changes its job: so its ids rise in the order in which they appear."""

    __tablename__ = "events"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(20))
    data: Mapped[Json]
    created: Mapped[datetime]

    __table_args__ = (Index("events_of_job", "job_id", "id"), {"sqlite_autoincrement": True})


class IdempotencyRow(Table):
    """`owner` is empty of a caller without a key."""

    __tablename__ = "idempotency_keys"

    owner: Mapped[str] = mapped_column(String(64), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    body_sha256: Mapped[str] = mapped_column(String(64))
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    created: Mapped[datetime]
