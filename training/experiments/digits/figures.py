"""What a translation hides: how far the cycle goes astray when the translation is slightly disturbed."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from training.experiments.digits.domains import DIRECTIONS
from translation.durable import replacing

COMPARED = ("default", "cyclegan")


def draw_cycles(file: Path, results: Mapping[str, Any], noises: Sequence[float]) -> None:
    """A panel a direction, a line for each of COMPARED; no figure before one of them was measured.

    Means over seeds in grey levels, by the deviation of noise on the translation, in units of [-1, 1];
    the cross is a JPEG of quality 90.
    """
    measured = {name: results["methods"][name] for name in COMPARED if name in results["methods"]}
    if not measured:
        return
    figure = Figure(figsize=(8, 3.5), layout="constrained")
    done = ["plain", *(f"noise_{noise:g}" for noise in noises), "jpeg_90"]
    for axes, (source, target) in zip(figure.subplots(1, 2, sharey=True), DIRECTIONS, strict=True):
        for method, figures in measured.items():
            *errors, jpeg = (figures[f"cycle_{name}_{source}_to_{target}"]["mean"] for name in done)
            (line,) = axes.plot([0.0, *noises], errors, marker="o", label=method)
            axes.plot(0, jpeg, marker="x", color=line.get_color())
        axes.set(title=f"{source}, {target}, {source}", xlabel="noise on the translation")
        axes.legend()
    axes.set_ylim(bottom=0)  # of both, and after both: it ends the search for a top
    figure.supylabel("error, grey levels")
    with replacing(file) as written:
        figure.savefig(written, dpi=100, format="png")
