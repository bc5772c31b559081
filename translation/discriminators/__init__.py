"""One contract: marginal(judged) and heads(judged, context(given)), log ratios per patch; traits(judged)."""

from translation.discriminators.patch import ConditionalPatchGAN
from translation.discriminators.projected import ProjectedPatchGAN

DISCRIMINATORS = {"conditional-patch": ConditionalPatchGAN, "projected-patch": ProjectedPatchGAN}

Discriminator = ConditionalPatchGAN | ProjectedPatchGAN
