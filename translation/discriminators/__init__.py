"""One contract: marginal(judged) and heads(judged, context(given)), log ratios per patch."""

from translation.discriminators.patch import ConditionalPatchGAN

DISCRIMINATORS = {"conditional-patch": ConditionalPatchGAN}
