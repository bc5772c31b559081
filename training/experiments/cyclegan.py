"""What a recipe sets to be CycleGAN, the special case: Zhu et al. (2017) at the same size, width, budget."""

CYCLEGAN = (
    "model.generator.code_size=0",
    "model.generator.copy_gate=false",
    "model.generator.initial_scale=1.0",
    "objective.preset=cyclegan",
    "objective.generator_loss=least-squares",
    "objective.noise=0",
    "objective.conditioning=0",
    "objective.weights.nell=10",
    "objective.weights.nelp=10",
    "optimisation.gradient_penalty=0",
    "optimisation.clip_norm=0",
    "optimisation.replay_pairs=50",
)
