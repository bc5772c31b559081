"""The rows: what each departs in from base.toml, as `section.field=value`."""

from collections.abc import Mapping, Sequence

from training.experiments.cyclegan import CYCLEGAN

ROWS: Mapping[str, Sequence[str]] = {
    "base": (),
    "cyclegan": CYCLEGAN,
    "lambda_c 0": ("objective.conditioning=0",),
    "lambda_c 0.3": ("objective.conditioning=0.3",),
    "lambda_c 1": ("objective.conditioning=1",),
    "no codes": ("model.generator.code_size=0",),
    "normal": ("model.generator.distribution=normal",),
    "learned scale": ("model.generator.scale=learned",),
    "f_KL": ("objective.divergence=kl",),
    "LeCam": ("objective.divergence=lecam",),
    "reach 0": ("objective.reach=0",),
    "E[log r]": ("objective.generator_loss=log-ratio",),
    "noise 0": ("objective.noise=0",),
    "noise 0.1": ("objective.noise=0.1",),
    "augmented": ('objective.augmentation=["colour", "translation"]',),
    "replay": ("optimisation.replay_pairs=50",),
    "code recovery": ("objective.weights.code_recovery=0.1", 'objective.code_augmentation=["colour"]'),
    "copy shift": ("model.generator.copy_shift=16",),
    "projected": ("model.discriminator.name=projected-patch",),
    "recipe": ("objective.reach=[[0.0, 1.0], [0.3, 1.0], [0.4, 0.0]]", "objective.weights.code=0.005"),
}
