"""What a process does with the memory of a tensor that is gone."""

import platform
import subprocess
import sys

import pytest

CLEARED = """
import resource, sys
import torch
from translation.device import keep_freed_memory

if sys.argv[1] == "keep":
    keep_freed_memory(torch.device("cpu"))
for _ in range(20):  # until small things have found places beside it
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.zeros(100_000_000, dtype=torch.uint8)
print((resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) * resource.getpagesize())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="of glibc alone")
def test_what_is_freed_is_kept_for_the_next() -> None:
    def cleared(how: str) -> int:
        command = [sys.executable, "-c", CLEARED, how]
        return int(subprocess.run(command, capture_output=True, check=True).stdout)

    assert cleared("leave") > 99_000_000
    assert cleared("keep") < 1_000_000
