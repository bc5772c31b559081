"""Jobs, their events, idempotency keys."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    time = sa.DateTime(timezone=True)
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("params", sa.JSON, nullable=False),
        sa.Column("owner", sa.String(64)),
        sa.Column("dataset", sa.String(64)),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("wanted", sa.String(20)),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("ticket", "attempt", "interruptions")),
        sa.Column("worker", sa.String(200)),
        *(sa.Column(name, sa.JSON) for name in ("progress", "result", "error")),
        sa.Column("created", time, nullable=False),
        *(sa.Column(name, time) for name in ("started", "finished")),
    )
    op.create_index("jobs_by_state", "jobs", ["state"])
    op.create_index("jobs_by_dataset", "jobs", ["dataset"])
    _create_events(time)
    op.create_table(
        "idempotency_keys",
        sa.Column("owner", sa.String(64), primary_key=True),
        sa.Column("key", sa.String(255), primary_key=True),
        sa.Column("body_sha256", sa.String(64), nullable=False),
        sa.Column("job_id", sa.String(36), sa.ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
        sa.Column("created", time, nullable=False),
    )


def _create_events(time: sa.DateTime) -> None:
    op.create_table(
        "events",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("job_id", sa.String(36), sa.ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
        sa.Column("name", sa.String(20), nullable=False),
        sa.Column("data", sa.JSON, nullable=False),
        sa.Column("created", time, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("events_of_job", "events", ["job_id", "id"])
