"""Two domains whose pictures differ in more than their subject, drawn so that they do not.

The KL terms ask translations to be distributed as the other domain is, in all that a ratio can see. Where
17 % of the horses stand before a plain sky and 5 % of the zebras, they ask that two skies of three become
something else, and a map that paints stripes into them, to reconstruct them from, is an optimum.
What is wrong is the prior, which is known by its samples alone, and those were taken elsewhere. Cohen et al.
(2018), https://arxiv.org/abs/1805.08841, have translations of scans lose and find tumours in this way.

So the pictures are weighed. Places of all pictures are sorted by what a pretrained network sees there into
KINDS. A kind that hardly occurs in one of the domains is its subject, and what training is for; all others
should be as frequent in the one as in the other, by shares of the draws that are else as equal as can be:

    min KL[w_x || uniform] + KL[w_z || uniform] + STRENGTH sum_k (w_x h_x - w_z h_z)_k^2 / s_k

h (pictures, kinds) being the share of each kind in each picture, s its mean. Entropy balancing, Hainmueller
(2012), https://doi.org/10.1093/pan/mpr025, with a penalty in place of his equality; the dual has one number
for each kind and is strictly concave.
"""

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from scipy.cluster.vq import kmeans2, vq
from scipy.optimize import minimize
from torch import Tensor

from training.augmentation import Pixels
from training.dataset import Shares
from translation.codec import fit_short_side, to_tensor
from translation.discriminators.efficientnet import EfficientNetLite0

SIDE = 128  # the short one of what the network sees: a place is 16 pixels of it wide
DEPTH = 2  # of EfficientNetLite0's views
KINDS = 256
SAMPLE = 512  # pictures of each domain, and
PLACES = 32_768  # of all of them, that the kinds are found in
ROUNDS = 25  # of k-means
RARE = 4.0  # times as frequent in the other domain: of the subject
STRENGTH = 30.0

FeatureMap: TypeAlias = NDArray[np.float32]  # (h, w, features): a vector for each place of a picture
KindMap: TypeAlias = NDArray[np.intp]  # (h, w): its kind
Kinds: TypeAlias = NDArray[np.float64]  # (pictures, kinds): the share of each in each


@dataclass(frozen=True)
class Balance:
    """Shares of the draws of either domain; `gap`, the sum over kinds above, without and with them."""

    shares: tuple[Shares, Shares]
    shared_kinds: int
    gap: tuple[float, float]

    @property
    def pictures(self) -> tuple[float, float]:
        """How many equally frequent ones would vary as little (Kish's effective sample size)."""
        x, z = (float(1 / np.square(shares).sum()) for shares in self.shares)
        return x, z


class PlaceFeatures:
    """What a pretrained network sees in pictures, uint8 (H, W, 3), of any size."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.network = EfficientNetLite0().to(device).eval()

    @torch.inference_mode()
    def __call__(self, pixels: Pixels) -> FeatureMap:
        image = fit_short_side(Image.fromarray(pixels), SIDE)
        features: Tensor = self.network(to_tensor(image).to(self.device))[DEPTH]
        return np.ascontiguousarray(features[0].permute(1, 2, 0).cpu().numpy())


class KindsOfPlaces:
    """KINDS of what is seen, found in a sample of pictures by k-means."""

    def __init__(self, sample: Iterable[FeatureMap], seed: int) -> None:
        places = np.concatenate([features.reshape(-1, features.shape[-1]) for features in sample])
        places = np.random.default_rng(seed).permutation(places)[:PLACES]
        with warnings.catch_warnings(category=UserWarning, action="ignore"):  # of kinds that stay empty
            self.centres, _ = kmeans2(places, places[:KINDS], iter=ROUNDS, minit="matrix")

    def of(self, features: FeatureMap) -> KindMap:
        found, _ = vq(features.reshape(-1, features.shape[-1]), self.centres)
        kinds: KindMap = found.astype(np.intp).reshape(features.shape[:2])
        return kinds

    def shares(self, kinds: KindMap) -> NDArray[np.float64]:
        """(kinds,): of a picture's places."""
        return np.bincount(kinds.ravel(), minlength=len(self.centres)) / kinds.size


def are_shared(h_x: Kinds, h_z: Kinds) -> NDArray[np.bool_]:
    """(kinds,): that neither domain's subject is."""
    mean_x, mean_z = h_x.mean(0), h_z.mean(0)
    shared: NDArray[np.bool_] = np.maximum(mean_x, mean_z) < RARE * np.minimum(mean_x, mean_z)
    return shared


def balance(h_x: Kinds, h_z: Kinds) -> Balance:
    """Of the pictures of either domain."""
    shared = are_shared(h_x, h_z)
    h_x, h_z = h_x[:, shared], h_z[:, shared]
    scale = (h_x.mean(0) + h_z.mean(0)) / 2

    def dual(multipliers: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        of_x, of_z = _tilted(-h_x @ multipliers), _tilted(h_z @ multipliers)
        penalty = scale * multipliers / (2 * STRENGTH)
        value = of_x[1] + of_z[1] + float(penalty @ multipliers) / 2
        return value, of_z[0] @ h_z - of_x[0] @ h_x + penalty

    solution = minimize(dual, np.zeros(int(shared.sum())), jac=True, method="L-BFGS-B")
    w_x, w_z = _tilted(-h_x @ solution.x)[0], _tilted(h_z @ solution.x)[0]

    def gap(x: NDArray[np.float64], z: NDArray[np.float64]) -> float:
        return float((np.square(x - z) / scale).sum())

    gaps = gap(h_x.mean(0), h_z.mean(0)), gap(w_x @ h_x, w_z @ h_z)
    return Balance((w_x, w_z), int(shared.sum()), gaps)


def _tilted(exponents: NDArray[np.float64]) -> tuple[Shares, float]:
    """Shares that are proportional to exp, and the logarithm of its mean."""
    largest = exponents.max()
    weights = np.exp(exponents - largest)
    return weights / weights.sum(), float(largest + np.log(weights.mean()))
