"""The methods: what each departs in from base.toml, as `section.field=value`; two translate nothing."""

from collections.abc import Mapping, Sequence

from training.experiments.ablations.rows import CYCLEGAN

NO_CODES = "model.generator.code_size=0"

TRANSLATORS: Mapping[str, Sequence[str]] = {
    "default": (),
    "cyclegan": (*CYCLEGAN, "objective.reach=1"),
    "lambda_c 0": ("objective.conditioning=0",),
    "lambda_c 1": ("objective.conditioning=1",),
    "lambda_c 0 no codes": ("objective.conditioning=0", NO_CODES),
    "lambda_c 0.1 no codes": (NO_CODES,),
    "lambda_c 1 no codes": ("objective.conditioning=1", NO_CODES),
}  # "lambda_c 0.1" with codes is the default
TEACHERS = {"source only": 0, "target only": 1}  # which domain of a direction the classifier learns from
METHODS = (*TEACHERS, *TRANSLATORS)
