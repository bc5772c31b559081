"""One contract: marginal(judged) and heads(judged, given), log ratios of model over reference, per patch."""

from translation.discriminators.patch import ConditionalPatchGAN

DISCRIMINATORS = {"conditional-patch": ConditionalPatchGAN}
