"""A job's command does what the job's order says."""

import json
from pathlib import Path

from app.cli import execute
from app.jobs.folder import JobFolder
from app.jobs.kinds import KINDS, Work


def test_a_translation_leaves_out_what_is_to_be_refused(
    tiny_bundle: Path, tmp_path: Path, photograph: bytes, noise: bytes
) -> None:
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures/odd.jpg").write_bytes(photograph)
    (tmp_path / "pictures/usual.png").write_bytes(noise)
    params = {"model": str(tiny_bundle), "to": "zebra", "samples": 1, "seed": 7, "refuse_at": 0.04}
    work = Work(params, JobFolder(tmp_path / "run"), "cpu", None, pictures=tmp_path / "pictures")
    (stage,) = KINDS["translate"].stages
    assert execute(list(stage.arguments(work))) in stage.good
    report = (work.folder.out / "report.jsonl").read_text().splitlines()
    assert {row["file"]: row["outcome"] for row in map(json.loads, report)} == {
        "odd.jpg": "failed",
        "usual.png": "translated",
    }
