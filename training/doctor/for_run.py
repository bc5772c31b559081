"""The inspection that each new run begins with: what it warns of, and its report and sheet in the run."""

import json
import logging
from collections.abc import Callable, Sequence
from functools import partial

from training.callbacks import show_count
from training.doctor.folders import PictureFolder
from training.doctor.inspection import inspect
from training.doctor.sheet import write_sheet
from training.domains import BadDataset
from training.recipe import DataRecipe
from translation import durable
from translation.run_folder import RunFolder

log = logging.getLogger(__name__)


def inspect_for_run(
    run: RunFolder, folders: Sequence[PictureFolder], recipe: DataRecipe, stopped: Callable[[], bool]
) -> None:
    """Logs the findings. Raises BadDataset where one is an error, which the training would otherwise meet
    when it comes to those pictures; and Stopped."""
    inspection = inspect(
        folders, recipe.size, partial(show_count, "inspecting"), stopped, balanced=recipe.balance
    )
    durable.write(run.data_report, json.dumps(inspection.report.as_json()).encode())
    write_sheet(run.data_sheet, inspection)
    for finding in inspection.report.findings:
        log.warning("%s; %s", finding.message, finding.advice)
    if inspection.report.findings:
        log.warning("the pictures are shown in %s", run.data_sheet)
    for finding in inspection.report.findings:
        if finding.level == "error":
            raise BadDataset(f"{finding.message}; {finding.advice}")
