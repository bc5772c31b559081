"""The rows: what each departs in from base.toml, as `section.field=value`; one is of the scenes alone."""

from collections.abc import Mapping, Sequence

from training.experiments.cyclegan import CYCLEGAN

TRUTH = "truth"
TRAINED: Mapping[str, Sequence[str]] = {
    "base": (),
    "reach 1": ("objective.reach=1",),
    "reach 0.1": ("objective.reach=0.1",),
    "reach 0": ("objective.reach=0",),
    "code 0.02": ("objective.weights.code=0.02",),
    "lambda_c 0": ("objective.conditioning=0",),
    "cyclegan": (*CYCLEGAN, "objective.reach=1"),
}
ROWS = (TRUTH, *TRAINED)
