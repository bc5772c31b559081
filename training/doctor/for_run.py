"""The inspection that each new run begins with: what it warns of, and the run's data.json and data.html."""

import json
import logging
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from training.doctor.folders import PictureFolder
from training.doctor.inspection import inspect
from training.doctor.sheet import write_sheet
from training.domains import BadDataset
from translation.durable import replacing

log = logging.getLogger(__name__)

JSON_FILE, SHEET_FILE = "data.json", "data.html"


def inspect_for_run(
    run: Path, folders: Sequence[PictureFolder], training_size: int, stopped: Callable[[], bool]
) -> None:
    """Findings are told of. Raises BadDataset where one is an error: the training would find out when it
    comes to those pictures; and Stopped."""
    inspection = inspect(folders, training_size, _show, stopped)
    with replacing(run / JSON_FILE) as file:
        file.write(json.dumps(inspection.report.as_json()).encode())
    write_sheet(run / SHEET_FILE, inspection)
    for finding in inspection.report.findings:
        log.warning("%s; %s", finding.message, finding.advice)
    if inspection.report.findings:
        log.warning("the pictures are shown in %s", run / SHEET_FILE)
    for finding in inspection.report.findings:
        if finding.level == "error":
            raise BadDataset(f"{finding.message}; {finding.advice}")


def _show(done: int, total: int) -> None:
    """A line that renews itself, on a terminal alone."""
    if sys.stderr.isatty() and (done % 20 == 0 or done == total):
        sys.stderr.write(f"\r\x1b[Kinspecting {done}/{total}" + "\n" * (done == total))
        sys.stderr.flush()
