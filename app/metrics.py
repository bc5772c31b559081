"""What Prometheus is told, in a registry for each service: others register there what they have to tell."""

from functools import partial

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector

from translation.sampler import BATCH_SIZES

SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60, 120)


class Metrics:
    """A counter's name gets the suffix _total."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        counter = partial(Counter, registry=self.registry)
        histogram = partial(Histogram, registry=self.registry)
        self.http_requests = counter("sjmvi_http_requests", "Answers sent", ("route", "method", "status"))
        self.http_seconds = histogram(
            "sjmvi_http_request_duration_seconds", "Head to answer's end", ("route",), buckets=SECONDS
        )
        self.rejected = counter("sjmvi_rejected", "Requests that may come again, by why", ("reason",))
        self.queue_wait = histogram("sjmvi_queue_wait_seconds", "For the network", buckets=SECONDS)
        self.stages = histogram("sjmvi_stage_seconds", "Of a translation", ("stage",), buckets=SECONDS)
        self.batch_size = histogram("sjmvi_batch_size", "Samples, without padding", buckets=BATCH_SIZES)
        self.out_of_memory = counter("sjmvi_oom", "Batches that the device had too little memory for")
