"""The queue, kept in the same database: DBOS hands a ticket to one worker, and to another if that one dies.

https://docs.dbos.dev/python/tutorials/queue-tutorial
"""

from collections.abc import Sequence

from dbos import DBOSClient, DBOSPortableJSONSerializer
from sqlalchemy.orm import Session

from app.database.connection import Database
from app.database.faults import readable_faults
from app.database.tables import JobRow

APPLICATION, QUEUE, WORKFLOW = "sjmvi", "jobs", "job"
# DBOS would take a hash of the workflow's source, and leave what an earlier source began lying for ever.
# Another number is due when the steps of a workflow change so that one cannot go on where the other began.
APPLICATION_VERSION = "1"
SERIALIZER = DBOSPortableJSONSerializer()  # the default would be pickle
# Who waits for a picture waits for what is under way, and not for days of trainings behind that. Lower first.
PICTURE = 1
PRIORITIES = {"translate": 2, "export": 3, "evaluate": 3, "train": 4}


class Queue:
    """The end where tickets are put in."""

    def __init__(self, database: Database) -> None:
        self._client = DBOSClient(
            system_database_url=database.url.render_as_string(hide_password=False),
            serializer=SERIALIZER,
            application_name=APPLICATION,
            lazy=True,
        )

    def put(self, session: Session, job: JobRow) -> None:
        """Its present ticket, within the session's transaction: either both come to be or neither."""
        is_picture = job.kind == "translate" and job.dataset is None
        self._client.enqueue_in_transaction(
            session,
            {
                "workflow_name": WORKFLOW,
                "queue_name": QUEUE,
                "workflow_id": ticket_id(job.id, job.ticket),
                "app_version": APPLICATION_VERSION,
                "priority": PICTURE if is_picture else PRIORITIES[job.kind],
            },
            job.id,
            job.ticket,
            job.kind,
        )

    def forget(self, tickets: Sequence[str]) -> None:
        """Raises DatabaseFault."""
        with readable_faults():
            self._client.delete_workflows(list(tickets))

    def close(self) -> None:
        self._client.destroy()


def ticket_id(job_id: str, ticket: int) -> str:
    return f"{job_id}.{ticket}"
