"""The methods: what each departs in from base.toml, as `section.field=value`; two translate nothing."""

from collections.abc import Mapping, Sequence

from training.experiments.cyclegan import CYCLEGAN

NO_CODES = "model.generator.code_size=0"

TEACHERS = {"source only": 0, "target only": 1}  # which domain of a direction the classifier learns from
GRID: Mapping[str, Sequence[str]] = {
    "default": (),  # lambda_c 0.1, with codes
    "cyclegan": (*CYCLEGAN, "model.generator.copy_shift=0"),
    "lambda_c 0": ("objective.conditioning=0",),
    "lambda_c 1": ("objective.conditioning=1",),
    "lambda_c 0 no codes": ("objective.conditioning=0", NO_CODES),
    "lambda_c 0.1 no codes": (NO_CODES,),
    "lambda_c 1 no codes": ("objective.conditioning=1", NO_CODES),
}
CHANGES: Mapping[str, Sequence[str]] = {
    "copied in place": ("model.generator.copy_shift=0",),
    "half the likelihoods": ("objective.weights.nell=0.5", "objective.weights.nelp=0.5"),
    "reach 0": ("objective.reach=[[0.0, 1.0], [0.3, 1.0], [0.4, 0.0]]", "objective.weights.code=0.01"),
    "noise 0.05": ("objective.noise=0.05",),
    "two ratio steps": ("optimisation.ratio_steps=2",),
    "wider ratios": ("model.discriminator.width=64",),
}
TRANSLATORS = {**GRID, **CHANGES}
METHODS = (*TEACHERS, *TRANSLATORS)
