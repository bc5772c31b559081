"""The service against its own description: schemathesis makes calls of it, good and bad, and compares."""

import os
from io import BytesIO
from pathlib import Path

import pytest
import schemathesis
from httpx import Client
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from PIL import Image
from schemathesis import Case
from schemathesis.specs.openapi.checks import positive_data_acceptance

from app.deadlines import HEADER
from app.main import create_app
from app.schemas import MAX_SEED
from app.settings import Settings

EXAMPLES = int(os.environ.get("API_EXAMPLES", "20"))  # make test-api sets it


def picture(side: int, file_format: str) -> bytes:
    buffer = BytesIO()
    Image.new("RGB", (side, side), "brown").save(buffer, file_format)
    return buffer.getvalue()


# What a schema cannot say: a body of type image/* is a picture
PICTURES = st.builds(picture, st.integers(8, 40), st.sampled_from(["PNG", "JPEG", "WEBP"]))
schemathesis.openapi.media_type("image/*", PICTURES)
schemathesis.openapi.media_type(
    "application/zip", st.binary(max_size=100)
)  # refused: the doctor takes seconds

LARGE = {*map(str, range(65, 2049)), "native"}
# A call as described may be refused for what the picture holds, and for what is not there
BEYOND_A_SCHEMA = {
    *("unknown-model", "unknown-result", "bad-parameter"),
    *("animated-image", "image-too-small", "not-acceptable"),
    *("unknown-dataset", "corrupt-archive", "bad-dataset"),
    *("unknown-version", "missing-bundle"),
    *("unknown-job", "unknown-sample"),
}


@pytest.fixture(autouse=True, scope="module")
def recipes_are_known(client: Client) -> None:
    """Which takes seconds the first time, and a tester waits for none."""
    assert client.get("/v1/recipes").status_code == 200


APP = create_app(Settings(device="cpu", data_dir=Path("/nowhere")))
description = schemathesis.openapi.from_dict(APP.openapi())


@description.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_every_call_is_answered_as_described(case: Case, client: Client) -> None:
    work_at_small_sizes(case)
    if is_positive := case.meta is not None and case.meta.generation.mode.is_positive:
        seed_within_limits(case)
    answer = case.call_and_validate(base_url=str(client.base_url), excluded_checks=[positive_data_acceptance])
    if is_positive and answer.status_code >= 400:
        problem = answer.json()
        assert problem["type"] in BEYOND_A_SCHEMA, problem
        assert "errors" not in problem, problem


def work_at_small_sizes(case: Case) -> None:
    """What is allowed at the most takes seconds, and a schema's tester likes the most; and so it is with the
    least that a deadline may be."""
    if case.headers and str(case.headers.get(HEADER, "")).strip("0").isdigit():
        case.headers[HEADER] = "60000"
    for parameters in (case.query, case.body):
        if isinstance(parameters, dict) and str(parameters.get("size")) in LARGE:
            parameters["size"] = 64


def seed_within_limits(case: Case) -> None:
    """To the tester, which takes it for a float, the largest seed is a little larger."""
    if isinstance(case.body, dict) and isinstance(case.body.get("seed"), int) and case.body["seed"] > 0:
        case.body["seed"] = min(case.body["seed"], MAX_SEED)
