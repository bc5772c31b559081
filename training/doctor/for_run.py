"""The inspection that each new run begins with: what it warns of, and the run's data.json and data.html."""

import json
import logging
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from training.callbacks import show_count
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
    """Logs the findings. Raises BadDataset where one is an error, which the training would otherwise meet
    when it comes to those pictures; and Stopped."""
    inspection = inspect(folders, training_size, partial(show_count, "inspecting"), stopped)
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
