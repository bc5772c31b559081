"""What the jobs have to tell Prometheus when asked: how many there are in each state."""

from collections.abc import Iterator
from contextlib import suppress

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from app.database.faults import DatabaseFault
from app.jobs.service import Jobs
from app.jobs.states import State


class JobsCollector(Collector):
    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs

    def collect(self) -> Iterator[Metric]:
        """No figure while the database cannot be read: the others stay."""
        jobs = GaugeMetricFamily("sjmvi_jobs", "By state", labels=("state",))
        with suppress(DatabaseFault):
            counts = self._jobs.counts()
            for state in State:
                jobs.add_metric((state,), counts.get(state, 0))
        yield jobs
