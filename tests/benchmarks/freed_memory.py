"""What it is worth to draw with freed memory kept, against giving it back to the kernel between layers:
processes of either kind in turns, their core time for as many samples as a ratio.

    OMP_NUM_THREADS=1 python tests/benchmarks/freed_memory.py --size 256 --batch 8
"""

import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

BUNDLE = Path(__file__).parents[2] / "weights/horse2zebra"


def main(
    size: Annotated[int, typer.Option(help="side of the pictures at work, pixels")] = 256,
    batch: Annotated[int, typer.Option(help="samples drawn at once")] = 8,
    rounds: Annotated[int, typer.Option(help="of both in turns")] = 3,
    keep: Annotated[bool | None, typer.Option(hidden=True)] = None,
) -> None:
    """Measure both on this machine."""
    if keep is not None:
        typer.echo(json.dumps(core_time(size, batch, keep)))
        return
    for _ in range(rounds):
        kept, given = (of_a_process(size, batch, flag) for flag in ("--keep", "--no-keep"))
        typer.echo(
            f"kept {kept['ms']:.0f} ms a sample, peak {kept['peak_mb']:.0f} MB; "
            f"given back {given['ms']:.0f} ms, peak {given['peak_mb']:.0f} MB; "
            f"ratio {given['ms'] / kept['ms']:.2f}"
        )


def of_a_process(size: int, batch: int, flag: str) -> dict[str, float]:
    command = [sys.executable, __file__, "--size", str(size), "--batch", str(batch), flag]
    figures: dict[str, float] = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return figures


def core_time(size: int, batch: int, keep: bool) -> dict[str, float]:
    """The least of three draws, after one that is not counted."""
    import torch

    from translation.device import keep_freed_memory
    from translation.weights import load_bundle

    bundle = load_bundle(BUNDLE)
    sampler = bundle.sampler()
    if keep:
        keep_freed_memory(sampler.device)
    sources, codes = torch.rand(batch, 3, size, size) * 2 - 1, torch.randn(batch, bundle.model.code_size)
    times = []
    for _ in range(4):
        began = time.process_time()
        sampler.paint(sources, bundle.card.domains[1], codes, batch)
        times.append(time.process_time() - began)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    return {"ms": 1e3 * min(times[1:]) / batch, "peak_mb": peak}


if __name__ == "__main__":
    typer.run(main)
