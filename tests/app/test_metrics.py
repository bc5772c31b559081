"""What Prometheus reads of a service."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from httpx import Client
from prometheus_client.parser import text_string_to_metric_families

from app.keys import KeyRing, Scope

Serve = Callable[..., AbstractContextManager[Client]]
URL = "/v1/translations?to=zebra&seed=7"
JPEG = {"Content-Type": "image/jpeg"}


def values(client: Client) -> dict[tuple[str, frozenset[str]], float]:
    """By name and by the labels' values."""
    families = text_string_to_metric_families(client.get("/metrics").text)
    samples = (sample for family in families for sample in family.samples)
    return {(sample.name, frozenset(sample.labels.values())): sample.value for sample in samples}


def test_what_is_done_is_counted(serve: Serve, photograph: bytes) -> None:
    with serve() as client:
        for samples in (1, 3):
            client.post(
                f"{URL}&samples={samples}", content=photograph, headers={"Content-Type": "image/jpeg"}
            )
        client.get("/nothing/of/the/kind")
        client.get("/openapi.json")
        client.request("PROPFIND", "/v1/models")
        counted = values(client)

    def of(name: str, *labels: str) -> float:
        return counted[f"sjmvi_{name}", frozenset(labels)]

    assert of("http_requests_total", "/v1/translations", "POST", "200") == 2
    assert of("http_requests_total", "unknown", "GET", "404") == 1
    assert of("http_requests_total", "/openapi.json", "GET", "200") == 1
    assert of("http_requests_total", "/v1/models", "unknown", "405") == 1
    assert of("http_request_duration_seconds_count", "/v1/translations") == 2
    assert of("batch_size_count") == of("queue_wait_seconds_count") == 2
    assert of("batch_size_sum") == 4
    for stage in ("decode", "queue", "infer", "encode"):
        assert of("stage_seconds_count", stage) == 2
    assert of("queue_depth") == of("oom_total") == 0
    assert ("process_resident_memory_bytes", frozenset()) in counted
    (model,) = (labels for name, labels in counted if name == "sjmvi_model_info")
    assert "tiny" in model


def test_what_may_come_again_is_counted_by_the_reason(serve: Serve, tmp_path: Path) -> None:
    with serve(warm=False, weights_dir=tmp_path) as client:
        for _ in range(2):
            assert client.post(URL).status_code == client.get("/readyz").status_code == 503
        assert values(client)["sjmvi_rejected_total", frozenset({"not-ready"})] == 2


def test_where_there_are_keys_they_are_an_administrators(serve: Serve, tmp_path: Path) -> None:
    ring = KeyRing(tmp_path / "keys.json")
    keys = [ring.create(scope, frozenset({scope}))[1] for scope in (Scope.TRANSLATE, Scope.ADMIN)]
    with serve(warm=False, host="0.0.0.0", data_dir=tmp_path) as closed:
        asked = [None, *({"Authorization": f"Bearer {key}"} for key in keys)]
        assert [closed.get("/metrics", headers=each).status_code for each in asked] == [401, 403, 200]


def test_they_are_neither_counted_nor_asked_where_they_come_from(serve: Serve) -> None:
    with serve(warm=False, rate_limit="1/minute") as client:
        answers = [client.get("/metrics", headers={"Host": "prometheus.lan"}) for _ in range(3)]
        assert {answer.status_code for answer in answers} == {200}
        assert "RateLimit" not in answers[-1].headers
