"""What tells the digits: LeNet as Caffe has it, with the dropout of CyCADA (Hoffman et al., 2018).

It learns from real or from translated digits in the same way, and of its states the one is kept that is right
most often on held-out digits of the same kind: translated digits of the source where it learned from those,
with the source's labels. No label of a target domain has a part in it.
"""

import hashlib
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load, save
from torch import Tensor, nn
from torch.nn import functional as F

from training.evaluation.features import FeatureNetwork, Features, features_of, normalised
from training.experiments.digits.domains import CLASSES, SIDE, DigitDomain, LabelledDigits
from training.experiments.digits.yardstick import Yardstick
from translation import durable

AT_ONCE = 500
DROPOUT = 0.5
CLASSIFIER = f"LeNet as Caffe has it, dropout of {DROPOUT:g}"


class LeNet(nn.Module):
    """(B, C, 32, 32) in [-1, 1] -> logits (B, 10). It looks at the mean of the channels."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, 20, 5)
        self.second = nn.Conv2d(20, 50, 5)
        self.third = nn.Linear(50 * 5 * 5, 500)
        self.head = nn.Linear(500, CLASSES)

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.head(self.features(images))
        return logits

    def features(self, images: Tensor) -> Tensor:
        """(B, 500)."""
        maps = F.max_pool2d(F.relu(self.first(images.mean(1, keepdim=True))), 2)
        maps = maps.contiguous(memory_format=torch.channels_last)  # a third less time on a CPU
        maps = F.dropout2d(self.second(maps), DROPOUT, self.training)
        maps = F.max_pool2d(F.relu(maps), 2)
        return F.dropout(F.relu(self.third(maps.flatten(1))), DROPOUT, self.training)


@dataclass(frozen=True)
class Trained:
    """A classifier that is to judge, and the share of the held-out digits that it was chosen by."""

    classifier: LeNet
    held_out: float


def train_classifier(
    digits: LabelledDigits, held_out: LabelledDigits, yardstick: Yardstick, seed: int, augmented: bool = True
) -> Trained:
    """By Adam with a rate that falls to zero, on the CPU. `augmented` as the yardstick says."""
    torch.manual_seed(seed)
    classifier, best = LeNet(), Trained(LeNet(), -1.0)
    adam = torch.optim.Adam(classifier.parameters(), yardstick.classifier_rate)
    steps = yardstick.classifier_steps
    decay = torch.optim.lr_scheduler.LinearLR(adam, 1.0, 1 / steps, steps)
    for step in range(1, steps + 1):
        some = digits[torch.randint(len(digits), (yardstick.classifier_batch,))]
        adam.zero_grad()
        images = _augmented(some.images(), yardstick) if augmented else some.images()
        loss = F.cross_entropy(classifier(images), some.labels)
        loss.backward()  # type: ignore[no-untyped-call]
        adam.step()
        decay.step()
        if step % max(steps // yardstick.selections, 1) == 0:
            share = accuracy(classifier.eval(), held_out)
            best = Trained(deepcopy(classifier), share) if share >= best.held_out else best
            classifier.train()
    return best


def _augmented(images: Tensor, yardstick: Yardstick) -> Tensor:
    """(B, 3, 32, 32) in [-1, 1] -> (B, 1, 32, 32), each under a transformation of its own."""
    count, grey = len(images), images[:, :1]
    turn, shear, zoom, right, down = torch.empty(5, count).uniform_(-1, 1)
    turn, shear = torch.deg2rad(turn * yardstick.rotation), torch.deg2rad(shear * yardstick.shear)
    rotation = torch.stack([turn.cos(), -turn.sin(), turn.sin(), turn.cos()], 1).view(count, 2, 2)
    shearing = torch.eye(2).repeat(count, 1, 1)
    shearing[:, 0, 1] = shear.tan()
    linear = rotation @ shearing * (yardstick.zoom**zoom)[:, None, None]
    moved = torch.stack([right, down], 1)[:, :, None] * 2 * yardstick.translation  # the frame is 2 wide
    where = F.affine_grid(torch.cat([linear, moved], 2), list(grey.shape), align_corners=False)
    black = -1  # what grid_sample takes from beyond the frame is 0
    return F.grid_sample(grey - black, where, align_corners=False) + black


def accuracy(classifier: LeNet, digits: LabelledDigits) -> float:
    """The share of the digits that it names right."""
    return float((predictions(classifier, digits) == digits.labels).double().mean())


@torch.inference_mode()
def predictions(classifier: LeNet, digits: LabelledDigits) -> Tensor:
    """What it names them: int64 (N,), 0 to 9."""
    parts = (digits[start : start + AT_ONCE] for start in range(0, len(digits), AT_ONCE))
    return torch.cat([classifier(part.images()).argmax(1) for part in parts])


class RealClassifiers:
    """Of real digits, by domain, yardstick, seed and augmentation: trained when first asked for, kept in the
    folder."""

    def __init__(self, folder: Path, yardstick: Yardstick) -> None:
        self.folder = folder
        self.yardstick = yardstick
        self._learned_by = hashlib.sha256(f"{CLASSIFIER}/{yardstick}".encode()).hexdigest()

    def __call__(self, domain: DigitDomain, seed: int, augmented: bool = True) -> LeNet:
        kind = "augmented" if augmented else "plain"
        learned = f"{domain.name}-{domain.digest()[:12]}-{self._learned_by[:12]}"
        file = self.folder / f"{learned}-{kind}-{seed}.safetensors"
        if not file.exists():
            trained = train_classifier(domain.train, domain.validation, self.yardstick, seed, augmented)
            self.folder.mkdir(parents=True, exist_ok=True)
            durable.write(file, save(trained.classifier.state_dict()))
        classifier = LeNet()
        classifier.load_state_dict(load(file.read_bytes()))
        return classifier.eval()


class DigitFeatures(FeatureNetwork):
    """What a classifier sees before it decides."""

    def __init__(self, classifier: LeNet) -> None:
        digest = hashlib.sha256(save(classifier.state_dict())).hexdigest()
        super().__init__("LeNet", digest, SIDE)
        self.classifier = classifier

    @torch.inference_mode()
    def look(self, images: Sequence[Image.Image]) -> Features:
        features = self.classifier.features(torch.from_numpy(normalised(images, SIDE)))
        return features_of(features.numpy(), self.classifier.head(features).numpy().astype(np.float32))
