"""What the engine has to tell Prometheus when asked: what waits, and what is on the device."""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from app.engine.engine import Engine


class EngineCollector(Collector):
    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def collect(self) -> Iterator[Metric]:
        yield GaugeMetricFamily("sjmvi_queue_depth", "Wait for the network", value=self._engine.waiting)
        warmth = self._engine.warmth
        models = GaugeMetricFamily("sjmvi_model_info", "1: on the device", labels=("model", "digest"))
        for version in warmth.models:
            models.add_metric((version.name, version.digest), 1)
        yield models
        memory = GaugeMetricFamily("sjmvi_gpu_memory_bytes", "Of the device", labels=("kind",))
        for kind, size_bytes in warmth.memory_bytes:
            memory.add_metric((kind,), size_bytes)
        yield memory
