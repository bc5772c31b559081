"""The doctor's report, from a process of its own: nothing that a picture does to it reaches the service."""

import asyncio
import json
import logging
from collections.abc import Sequence
from typing import Any

from app.children import SJMVI
from app.datasets.faults import BadDataset, CorruptPictures

COMMAND = (*SJMVI, "data", "inspect")
EXPECTED = (0, 3)  # 3 says that nothing can be trained on the pictures, in a report as well
MAX_UNREADABLE_SHARE = 0.05  # of a folder of a pair, as in training
SINGLE = "single"  # the doctor's word for the split of pictures that are not to be trained on
MAX_LOGGED = 2000
logger = logging.getLogger(__name__)

Report = dict[str, Any]


class InspectionTimeout(TimeoutError):
    def __init__(self, limit_s: float) -> None:
        super().__init__(f"the pictures were not looked through within {limit_s:g} s")
        self.limit = limit_s


class InspectionFailed(RuntimeError):
    """The process ended without a report; the log has what it said."""


async def examine(inputs: Sequence[str], timeout_s: float) -> Report:
    """Raises InspectionTimeout, InspectionFailed, CorruptPictures, BadDataset."""
    pipe = asyncio.subprocess.PIPE
    child = await asyncio.create_subprocess_exec(
        *COMMAND, *inputs, "--json", stdin=asyncio.subprocess.DEVNULL, stdout=pipe, stderr=pipe
    )
    try:
        async with asyncio.timeout(timeout_s):
            out, said = await child.communicate()
    except TimeoutError:
        raise InspectionTimeout(timeout_s) from None
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    report = _read(out) if child.returncode in EXPECTED else None
    if report is None:
        logger.error(
            "the doctor: exit code %s, %s", child.returncode, said[-MAX_LOGGED:].decode("utf-8", "replace")
        )
        raise InspectionFailed(f"the pictures could not be looked through: exit code {child.returncode}")
    _check_readable(report)
    if not report["usable"]:
        raise BadDataset("; ".join(row["message"] for row in report["findings"] if row["level"] == "error"))
    return report


def _read(out: bytes) -> Report | None:
    try:
        report = json.loads(out)
    except ValueError:
        return None
    return report if isinstance(report, dict) else None


def _check_readable(report: Report) -> None:
    """Of a single one picture is enough: what becomes of the others, its translation says of each."""
    for folder in report["folders"]:
        readable, lost = folder["pictures"], folder["unreadable"]
        max_share = None if folder["split"] == SINGLE else MAX_UNREADABLE_SHARE
        total = readable + lost["count"]
        if (max_share is None and not readable) or (max_share and lost["count"] > max_share * total):
            files = [file["file"] for file in lost["files"]]
            raise CorruptPictures(folder["folder"], files, lost["count"], total, max_share)
