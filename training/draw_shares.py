"""The shares that a run draws its pictures by: found once, and kept in its folder."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, count

import numpy as np
import torch

from training.callbacks import show_count
from training.dataset import Shares, UnpairedFolders
from training.shared_kinds import SAMPLE, Balance, FeatureMap, KindsOfPlaces, PlaceFeatures, balance
from translation import durable
from translation.run_folder import RunFolder
from translation.signals import Stopped


def find_shares(
    run: RunFolder, dataset: UnpairedFolders, device: torch.device, stopped: Callable[[], bool]
) -> tuple[Shares, Shares]:
    """Of the draws of either domain, in the order of its training pictures. Raises BadDataset, and Stopped
    with nothing written."""
    if not run.draw_shares.exists():
        _write(run, dataset, _found(dataset, device, stopped))
    folders, told = dataset.folders, json.loads(run.draw_shares.read_bytes())["shares"]
    x, z = (
        np.array([told[domain][folders.digests[file]] for file in files])
        for domain, files in zip(folders.domains, folders.train, strict=True)
    )
    return x, z


def _found(dataset: UnpairedFolders, device: torch.device, stopped: Callable[[], bool]) -> Balance:
    random, done, see = np.random.default_rng(dataset.seed), count(1), PlaceFeatures(device)
    sample = [random.permutation(length)[:SAMPLE].tolist() for length in dataset.lengths]
    total = sum(map(len, sample)) + sum(dataset.lengths)

    def look(domain: int, indices: Iterable[int]) -> Iterator[FeatureMap]:
        for index in indices:
            if stopped():
                raise Stopped("stopped while it looked at the pictures")
            yield see(dataset.pictures[domain][index])
            show_count("weighing", next(done), total)

    kinds = KindsOfPlaces(chain(look(0, sample[0]), look(1, sample[1])), dataset.seed)
    h_x, h_z = (
        np.stack([kinds.shares(kinds.of(features)) for features in look(domain, range(length))])
        for domain, length in enumerate(dataset.lengths)
    )
    return balance(h_x, h_z)


def _write(run: RunFolder, dataset: UnpairedFolders, balanced: Balance) -> None:
    folders = dataset.folders
    shares, worth = {}, []
    for at, (domain, files) in enumerate(zip(folders.domains, folders.train, strict=True)):
        of_files = zip(files, balanced.shares[at].tolist(), strict=True)
        shares[domain] = {folders.digests[file]: share for file, share in of_files}
        worth.append(f"{balanced.pictures[at]:.0f} of {len(files)} for {domain}")
    told = {"shared_kinds": balanced.shared_kinds, "gap": balanced.gap, "pictures": balanced.pictures}
    durable.write(run.draw_shares, json.dumps(told | {"shares": shares}).encode())
    before, after = balanced.gap
    sys.stderr.write(
        f"balanced: what both domains show differed by {before:.3f}, and differs by {after:.3f}; "
        f"as various as {' and '.join(worth)}\n"
    )
