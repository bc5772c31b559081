import math
import shutil
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from training.augmentation import Augmentation
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


@pytest.fixture(name="fill")
def _fill(tmp_path: Path) -> Fill:
    """Makes a folder of `pictures` different pictures, each of one colour."""

    def fill(name: str, pictures: int, seed: int = 0, size: tuple[int, int] = (24, 20)) -> Path:
        folder = tmp_path / name
        folder.mkdir(parents=True)
        for index, colour in enumerate(np.random.default_rng(seed).integers(0, 256, (pictures, 3)).tolist()):
            Image.new("RGB", size, tuple(colour)).save(folder / f"{index:03}.png")
        return folder

    return fill


@pytest.fixture(name="folders")
def _folders(fill: Fill) -> DomainFolders:
    return find_domains(fill("plain", 23), fill("striped", 12, seed=1), None, 0.1)


def dataset_of(folders: DomainFolders, seed: int = 7, cache_bytes: int = 1 << 20) -> UnpairedFolders:
    return UnpairedFolders(folders, Augmentation(16, 18), seed, cache_bytes)


def some_batches(dataset: UnpairedFolders, count: int, start_step: int = 0, workers: int = 0) -> list[Batch]:
    sampler = UnpairedSampler(dataset.lengths, seed=3)
    return list(islice(loader(dataset, sampler, 4, start_step, workers), count))


def assert_same(ours: list[Batch], theirs: list[Batch]) -> None:
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close((one.x, one.z), (other.x, other.z), rtol=0, atol=0)


class TestFolders:
    def test_two_folders_name_their_domains(self, folders: DomainFolders) -> None:
        assert folders.domains == ("plain", "striped")
        assert [len(files) for files in folders.train + folders.validation] == [21, 11, 2, 1]

    def test_a_root_holds_two_training_folders_and_keeps_its_test_folders_unseen(self, fill: Fill) -> None:
        root = fill("root/trainA", 5).parent
        fill("root/trainB", 5, seed=1)
        fill("root/testA", 5, seed=2)
        folders = find_domains(root, None, ("plain", "striped"), 0.2)
        seen = [file for files in folders.train + folders.validation for file in files]
        assert len(seen) == 10
        assert {file.parent.name for file in seen} == {"trainA", "trainB"}

    def test_files_are_found_in_subfolders_by_suffix_and_in_order(self, fill: Fill) -> None:
        folder = fill("plain", 3)
        fill("plain/b", 2, seed=1)
        fill("plain/.cache", 2, seed=2)
        (folder / "000.png").rename(folder / "z.PNG")
        shutil.copy(folder / "001.png", folder / ".hidden.png")
        (folder / "notes.txt").write_text("not a picture")
        train = find_domains(folder, fill("striped", 2, seed=3), None, 0.0).train[0]
        names = [file.relative_to(folder).as_posix() for file in train]
        assert names == sorted(names)
        assert len(names) == 4
        assert set(names) < {"001.png", "002.png", "b/000.png", "b/001.png", "z.PNG"}

    @pytest.mark.parametrize(
        ("share", "pictures", "held_out"), [(0.0, 10, 1), (0.3, 10, 3), (1.0, 10, 9), (0.5, 200, 64)]
    )
    def test_validation_is_a_share_of_the_pictures_within_bounds(
        self, fill: Fill, share: float, pictures: int, held_out: int
    ) -> None:
        folders = find_domains(fill("plain", pictures), fill("striped", 2), None, share)
        assert len(folders.validation[0]) == held_out
        assert len(folders.train[0]) == pictures - held_out

    def test_the_split_follows_the_bytes_and_not_the_names(self, fill: Fill, folders: DomainFolders) -> None:
        def held_out(files: tuple[Path, ...]) -> set[bytes]:
            return {file.read_bytes() for file in files}

        renamed = fill("renamed", 23)
        for file in sorted(renamed.iterdir()):
            file.rename(file.with_name(f"{99 - int(file.stem)}.x.png"))
        again = find_domains(renamed, fill("other", 12, seed=1), None, 0.1)
        assert held_out(again.validation[0]) == held_out(folders.validation[0])
        assert list(again.fingerprint().values()) == list(folders.fingerprint().values())

    def test_equal_files_never_lie_on_both_sides(self, fill: Fill) -> None:
        folder = fill("plain", 12)
        for file in sorted(folder.iterdir()):
            shutil.copy(file, file.with_name(f"copy-{file.name}"))
        folders = find_domains(folder, fill("striped", 2), None, 0.4)
        train, validation = (
            [file.read_bytes() for file in split[0]] for split in (folders.train, folders.validation)
        )
        assert not set(train) & set(validation)
        assert (len(train), len(validation)) == (14, 5)

    def test_the_fingerprint_tells_other_pictures_apart(self, folders: DomainFolders) -> None:
        before = folders.fingerprint()
        file = folders.train[0][0]
        Image.new("RGB", (9, 9)).save(file)
        after = folders.fingerprint()
        assert before["plain"]["train"] != after["plain"]["train"]
        assert before["striped"] == after["striped"]
        assert before["plain"]["train"]["pictures"] == 21

    @pytest.mark.parametrize(
        ("second", "domains", "said"),
        [
            ("missing", None, "missing is not a folder"),
            ("plain", None, "plain was given for both"),
            ("empty", None, "empty holds 0 different pictures"),
            ("lonely", None, "lonely holds 1 different pictures"),
            ("Upper", None, "--domains"),
            ("other/plain", None, "--domains"),
            ("striped", ("same", "same"), "--domains"),
            ("striped", ("a/b", "c"), "--domains"),
            (None, None, "trainA is not a folder"),
        ],
    )
    def test_a_bad_choice_of_folders_is_explained(
        self, fill: Fill, second: str | None, domains: tuple[str, str] | None, said: str
    ) -> None:
        first = fill("plain", 3)
        for name, pictures in {"empty": 0, "lonely": 1, "Upper": 3, "other/plain": 3, "striped": 3}.items():
            fill(name, pictures)
        with pytest.raises(BadDataset, match=said):
            find_domains(first, first.parent / second if second else None, domains, 0.1)

    def test_a_root_needs_names_for_its_domains(self, fill: Fill) -> None:
        root = fill("root/trainA", 2).parent
        fill("root/trainB", 2)
        with pytest.raises(BadDataset, match="--domains"):
            find_domains(root, None, None, 0.1)


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
        folders = DomainFolders(((file,), (file,)), ((file,), (file,)), ("plain", "striped"))
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
