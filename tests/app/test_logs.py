"""The log: a line of JSON for each event, and nothing in it that is nobody's business."""

import json
import logging
from collections.abc import Iterator
from hashlib import sha256
from io import StringIO
from time import monotonic

import pytest
from httpx import Client

from app.logs import configure_logs

KEY, NAME = "sjmvi_a-secret", "holiday.jpg"


@pytest.fixture
def log() -> Iterator[None]:
    """As it is for a service, and afterwards as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def post(client: Client, picture: bytes, **query: str) -> None:
    client.post(
        "/v1/translations",
        params={"to": "zebra", "seed": "7", **query},
        files={"image": (NAME, picture)},
        headers={"Authorization": f"Bearer {KEY}", "SJMVI-Request-Id": "mine-1", "Connection": "close"},
    )


@pytest.mark.usefixtures("log")
def test_a_request_is_a_line_of_json(
    client: Client, photograph: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = StringIO()  # not capsys, which loses a line that is written while it is read
    monkeypatch.setattr("sys.stderr", said)
    configure_logs("json")
    post(client, photograph)
    post(client, photograph[:50])
    client.get("/nothing/holiday.jpg")
    client.get("/static/icon.svg")
    client.get("/livez")
    requests: list[dict[str, object]] = []
    due = monotonic() + 100
    while len(requests) < 4 and monotonic() < due:  # an answer may be here before its line is
        whole, _, _ = said.getvalue().rpartition("\n")
        lines = [json.loads(line) for line in whole.splitlines()]
        requests = [line for line in lines if line["event"] == "request"]
    for line in requests:
        assert line.pop("duration_ms") >= 0
        assert str(line.pop("timestamp")).endswith("Z")
    common = {"event": "request", "level": "info", "logger": "app.exchanges"}
    translation = {**common, "request_id": "mine-1", "method": "POST", "route": "/v1/translations"}
    good, bad, nothing, static = requests
    assert good == {**translation, "status": 200, "model": "tiny"}
    assert bad == {**translation, "status": 422, "problem": "corrupt-image"}
    assert (nothing["route"], nothing["status"], nothing["problem"]) == ("unknown", 404, "not-found")
    assert (static["route"], static["status"]) == ("/static", 200)


@pytest.mark.usefixtures("log")
def test_no_line_says_what_is_nobodys_business(
    client: Client, photograph: bytes, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(translator: object, data: bytes, request: object) -> None:
        raise ZeroDivisionError

    for log_format in ("json", "text"):
        configure_logs(log_format)
        post(client, photograph)
        with monkeypatch.context() as patched:
            patched.setattr("translation.translator.Translator.decode", fail)
            post(client, photograph)
        log = capsys.readouterr().err
        assert "ZeroDivisionError" in log
        for secret in (KEY, NAME, repr(photograph[:9])[2:-1], sha256(photograph).hexdigest()):
            assert secret not in log


@pytest.mark.usefixtures("log")
def test_where_no_terminal_reads_it_the_log_is_json_and_else_for_people(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for log_format in ("auto", "text"):
        configure_logs(log_format)
        logging.getLogger("app").warning("%s is gone", "something")
    for_machines, for_people = capsys.readouterr().err.splitlines()
    assert json.loads(for_machines)["event"] == "something is gone"
    assert "something is gone" in for_people
    assert for_people[0] != "{"
