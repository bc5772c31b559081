from pathlib import Path

import numpy as np
import pytest

from training.domains import BadDataset
from training.experiments.arrays import read_arrays

SHAPES = {"digits": (4, 4), "labels": ()}


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed], ids=["stored", "compressed"])
def test_a_file_of_which_any_byte_is_damaged_is_read_as_it_was_or_refused(save: type, tmp_path: Path) -> None:
    file, random = tmp_path / "digits.npz", np.random.default_rng(0)
    digits = random.integers(0, 256, (3, 4, 4), dtype=np.uint8)
    save(file, digits=digits, labels=np.arange(3, dtype=np.uint8))
    sound, refused = file.read_bytes(), list[str]()
    for place in range(len(sound)):
        damaged = bytearray(sound)
        damaged[place] ^= int(random.integers(1, 256))
        file.write_bytes(damaged)
        try:
            np.testing.assert_array_equal(read_arrays(file, SHAPES, "wanted are digits")["digits"], digits)
        except BadDataset as problem:
            refused.append(str(problem))
    assert len(refused) > len(sound) / 4
    assert all(str(file) in words and words.endswith("wanted are digits") for words in refused)
