"""How close a set of pictures is to the target's test pictures, in the features of the network."""

from training.evaluation.bench import Bench, Direction
from training.evaluation.distances import frechet_distance, kernel_distance, top1_share
from training.evaluation.features import Features
from training.evaluation.figures import Line


def quality(bench: Bench, at: Direction, features: Features) -> Line:
    """frechet; kernel and kernel_std, x100, over subsets; top1, the share of the target's class."""
    references = bench.reference_features(at.references)
    kernel = kernel_distance(features.pooled, references.pooled)
    figures = {
        "frechet": frechet_distance(features.pooled, references.pooled),
        "kernel": 100 * kernel.mean,
        "kernel_std": 100 * kernel.std,
    }
    classes = bench.protocol.classes or {}
    if features.logits is not None and at.target in classes:
        figures["top1"] = top1_share(features.logits, classes[at.target])
    return figures
