import math
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from training import build
from training.augmentation import Augmentation
from training.config import load_recipe
from training.dataset import (
    BadDataset,
    Batch,
    DomainFolders,
    PairDraw,
    UnpairedFolders,
    UnpairedSampler,
    find_domains,
    loader,
)

Fill = Callable[..., Path]


def dataset_of(folders: DomainFolders, seed: int = 7, cache_bytes: int = 1 << 20) -> UnpairedFolders:
    return UnpairedFolders(folders, Augmentation(16, 18), seed, cache_bytes)


def test_the_processes_of_a_machine_share_the_memory_for_pictures(
    folders: DomainFolders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "4")
    monkeypatch.setattr(build, "UnpairedFolders", lambda *given: given[-1])
    assert build.build_dataset(load_recipe("quick", ["data.cache_bytes=4000"]), folders) == 1000


def some_batches(dataset: UnpairedFolders, count: int, start_step: int = 0, workers: int = 0) -> list[Batch]:
    sampler = UnpairedSampler(dataset.lengths, seed=3)
    return list(islice(loader(dataset, sampler, 4, start_step, workers), count))


def assert_same(ours: list[Batch], theirs: list[Batch]) -> None:
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close((one.x, one.z), (other.x, other.z), rtol=0, atol=0)


class TestDraws:
    def test_every_epoch_shows_every_picture_of_a_domain_once(self) -> None:
        sampler = UnpairedSampler((7, 5), seed=3)
        draws = [sampler.draw(position) for position in range(35)]
        epochs_x = [tuple(draw.index_x for draw in draws[start : start + 7]) for start in range(0, 35, 7)]
        epochs_z = [tuple(draw.index_z for draw in draws[start : start + 5]) for start in range(0, 35, 5)]
        assert all(sorted(epoch) == list(range(7)) for epoch in epochs_x)
        assert all(sorted(epoch) == list(range(5)) for epoch in epochs_z)
        assert len(set(epochs_x)) > 1

    def test_the_domains_are_shuffled_independently(self) -> None:
        sampler = UnpairedSampler((50, 50), seed=3)
        draws = [sampler.draw(position) for position in range(50)]
        together = sum(draw.index_x == draw.index_z for draw in draws)
        assert together < 10

    def test_batches_continue_from_any_step(self) -> None:
        straight = list(islice(UnpairedSampler((7, 5), seed=3).batches(0, 4), 10))
        resumed = list(islice(UnpairedSampler((7, 5), seed=3).batches(6, 4), 4))
        assert resumed == straight[6:]
        assert straight != list(islice(UnpairedSampler((7, 5), seed=4).batches(0, 4), 10))

    def test_a_picture_is_drawn_by_its_share(self) -> None:
        shares = np.array([0.5, 0.3, 0.15, 0.05]), np.full(10, 0.1)
        sampler = UnpairedSampler((4, 10), seed=3, shares=shares)
        drawn = np.array([sampler.draw(position).index_x for position in range(4000)])
        assert np.bincount(drawn) / 4000 == pytest.approx(shares[0], abs=0.01)
        in_an_epoch = np.stack([np.bincount(epoch, minlength=4) for epoch in drawn.reshape(1000, 4)])
        assert set(in_an_epoch[:, 0]) == {2}
        assert set(in_an_epoch[:, 1]) == {1, 2}
        assert set(in_an_epoch[:, 3]) == {0, 1}

    @pytest.mark.parametrize("length", [2, 7, 1016])
    def test_equal_shares_draw_what_no_shares_draw(self, length: int) -> None:
        equal = UnpairedSampler(
            (length, length), 3, (np.full(length, 1 / length), np.full(length, 1 / length))
        )
        plain = UnpairedSampler((length, length), 3)
        assert [equal.draw(n) for n in range(3 * length)] == [plain.draw(n) for n in range(3 * length)]

    def test_an_epoch_lasts_until_the_longer_domain_is_seen(self) -> None:
        assert UnpairedSampler((7, 21), seed=0).steps_per_epoch(4) == math.ceil(21 / 4)


class TestPictures:
    def test_a_batch_is_two_float_tensors_in_range(self, folders: DomainFolders) -> None:
        (batch,) = some_batches(dataset_of(folders), 1)
        for images in (batch.x, batch.z):
            assert (images.shape, images.dtype) == ((4, 3, 16, 16), torch.float32)
            assert -1 <= images.min() < images.max() <= 1

    @pytest.mark.parametrize("workers", [0, 1, 3])
    def test_batches_do_not_depend_on_workers_memory_or_where_they_start(
        self, folders: DomainFolders, workers: int
    ) -> None:
        straight = some_batches(dataset_of(folders), 9)
        resumed = some_batches(dataset_of(folders, cache_bytes=0), 5, start_step=4, workers=workers)
        assert_same(resumed, straight[4:])

    def test_a_view_changes_with_seed_domain_and_position_alone(self, tmp_path: Path) -> None:
        file = tmp_path / "gradient.png"
        rows, columns = np.mgrid[0:40, 0:60]
        Image.fromarray(np.stack([columns, rows, rows + columns], axis=-1).astype(np.uint8)).save(file)
        files = ((file,), (file,))
        folders = DomainFolders((tmp_path, tmp_path), files, files, ("plain", "striped"), {})
        dataset = dataset_of(folders, seed=1)
        views = [
            *dataset[PairDraw(0, 0, 0)],
            *dataset[PairDraw(1, 0, 0)],
            dataset_of(folders, 2)[PairDraw(0, 0, 0)][0],
        ]
        assert len({view.numpy().tobytes() for view in views}) == len(views)
        torch.testing.assert_close(dataset[PairDraw(0, 0, 0)][0], views[0], rtol=0, atol=0)

    def test_pictures_that_fit_are_read_once(self, folders: DomainFolders) -> None:
        dataset = dataset_of(folders)
        before = some_batches(dataset, 6)
        for file in folders.train[0] + folders.train[1]:
            file.unlink()
        assert_same(some_batches(dataset, 6), before)

    def test_a_view_is_cut_from_the_upright_picture_on_white(self, fill: Fill) -> None:
        folder = fill("plain", 0)
        for index in range(3):
            Image.new("RGBA", (40, 20 + index), (0, 0, 0, 0)).save(folder / f"{index}.png")
        folders = find_domains(folder, fill("striped", 3), None, 0.0)
        assert dataset_of(folders)[PairDraw(0, 1, 1)][0].min() == 1.0

    def test_validation_pictures_are_centre_squares_in_a_fixed_order(self, fill: Fill) -> None:
        folder = fill("plain", 0)
        for index in range(6):
            picture = Image.new("RGB", (64, 16), "red")
            picture.paste((0, 0, 40 * index), (24, 0, 40, 16))
            picture.save(folder / f"{index}.png")
        dataset = dataset_of(find_domains(folder, fill("striped", 4), None, 0.5))
        batch = dataset.validation_batch(8)
        assert batch.x.shape == batch.z.shape == (2, 3, 16, 16)
        assert batch.x[:, 0].max() == -1.0
        assert_same([dataset.validation_batch(1)], [Batch(batch.x[:1], batch.z[:1])])


class TestUnreadablePictures:
    @pytest.mark.parametrize("cache_bytes", [0, 1 << 20])
    def test_a_few_are_skipped_and_reported(
        self, fill: Fill, cache_bytes: int, caplog: pytest.LogCaptureFixture
    ) -> None:
        folders = find_domains(fill("plain", 45), fill("striped", 5), None, 0.0)
        broken = folders.train[0][7]
        broken.write_bytes(b"not a picture")
        dataset = dataset_of(folders, cache_bytes=cache_bytes)
        some_batches(dataset, 24)
        assert [record.getMessage().split(":")[0] for record in caplog.records] == [f"skipped {broken}"]
        following = dataset[PairDraw(3, 8, 0)][0]
        torch.testing.assert_close(dataset[PairDraw(3, 7, 0)][0], following, rtol=0, atol=0)

    def test_a_file_that_vanishes_while_training_is_skipped(self, fill: Fill) -> None:
        folders = find_domains(fill("plain", 45), fill("striped", 5), None, 0.0)
        dataset = dataset_of(folders, cache_bytes=0)
        folders.train[0][-1].unlink()
        assert len(some_batches(dataset, 24, workers=2)) == 24

    @pytest.mark.parametrize("cache_bytes", [0, 1 << 20])
    @pytest.mark.parametrize(("pictures", "broken"), [(45, 3), (3, 1)])
    def test_too_many_stop_the_run(self, fill: Fill, cache_bytes: int, pictures: int, broken: int) -> None:
        folders = find_domains(fill("plain", pictures), fill("striped", 5), None, 0.0)
        for file in folders.train[0][:broken]:
            file.write_bytes(b"")
        with pytest.raises(BadDataset, match=r"of \d+ pictures .*plain.* cannot be read"):
            some_batches(dataset_of(folders, cache_bytes=cache_bytes), 24, workers=2)

    def test_an_unreadable_validation_picture_gives_way_to_the_next(self, folders: DomainFolders) -> None:
        dataset = dataset_of(folders)
        second = dataset.validation_batch(1).x
        folders.validation[0][0].write_bytes(b"")
        assert not torch.equal(dataset.validation_batch(1).x, second)
        folders.validation[0][1].unlink()
        with pytest.raises(BadDataset, match="validation"):
            dataset.validation_batch(1)
