import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from training.domains import BadDataset, DomainFolders, find_domains

Fill = Callable[..., Path]


def test_two_folders_name_their_domains(folders: DomainFolders) -> None:
    assert folders.domains == ("plain", "striped")
    assert [len(files) for files in folders.train + folders.validation] == [21, 11, 2, 1]


def test_a_root_holds_two_training_folders_and_keeps_its_test_folders_unseen(fill: Fill) -> None:
    root = fill("root/trainA", 5).parent
    fill("root/trainB", 5, seed=1)
    fill("root/testA", 5, seed=2)
    folders = find_domains(root, None, ("plain", "striped"), 0.2)
    seen = [file for files in folders.train + folders.validation for file in files]
    assert len(seen) == 10
    assert {file.parent.name for file in seen} == {"trainA", "trainB"}


def test_files_are_found_in_subfolders_by_suffix_and_in_order(fill: Fill) -> None:
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
    ("share", "pictures", "held_out"), [(0.0, 10, 1), (0.3, 10, 3), (1.0, 10, 9), (0.5, 600, 256)]
)
def test_validation_is_a_share_of_the_pictures_within_bounds(
    fill: Fill, share: float, pictures: int, held_out: int
) -> None:
    folders = find_domains(fill("plain", pictures), fill("striped", 2), None, share)
    assert len(folders.validation[0]) == held_out
    assert len(folders.train[0]) == pictures - held_out


def test_the_split_follows_the_bytes_and_not_the_names(fill: Fill, folders: DomainFolders) -> None:
    def held_out(files: tuple[Path, ...]) -> set[bytes]:
        return {file.read_bytes() for file in files}

    renamed = fill("renamed", 23)
    for file in sorted(renamed.iterdir()):
        file.rename(file.with_name(f"{99 - int(file.stem)}.x.png"))
    again = find_domains(renamed, fill("other", 12, seed=1), None, 0.1)
    assert held_out(again.validation[0]) == held_out(folders.validation[0])
    assert list(again.fingerprint().values()) == list(folders.fingerprint().values())


def test_equal_files_never_lie_on_both_sides(fill: Fill) -> None:
    folder = fill("plain", 12)
    for file in sorted(folder.iterdir()):
        shutil.copy(file, file.with_name(f"copy-{file.name}"))
    folders = find_domains(folder, fill("striped", 2), None, 0.4)
    train, validation = (
        [file.read_bytes() for file in split[0]] for split in (folders.train, folders.validation)
    )
    assert not set(train) & set(validation)
    assert (len(train), len(validation)) == (14, 5)


def test_the_fingerprint_tells_other_pictures_apart(folders: DomainFolders) -> None:
    before = folders.fingerprint()
    Image.new("RGB", (9, 9)).save(folders.train[0][0])
    after = find_domains(*folders.roots, None, 0.1).fingerprint()
    assert before["plain"]["train"] != after["plain"]["train"]
    assert before["striped"] == after["striped"]
    assert before["plain"]["train"]["pictures"] == 21


def test_the_fingerprint_reads_no_file_again(folders: DomainFolders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "open", lambda *_: pytest.fail("read again"))
    assert folders.fingerprint()["striped"]["validation"]["pictures"] == 1


@pytest.mark.parametrize(
    ("second", "domains", "said"),
    [
        ("missing", None, "missing is not a folder: give two folders of pictures$"),
        ("plain", None, "plain was given for both"),
        ("empty", None, "empty holds 0 different pictures"),
        ("lonely", None, "lonely holds 1 different pictures"),
        ("Upper", None, "--domains"),
        ("other/plain", None, "--domains"),
        ("striped", ("same", "same"), "--domains"),
        ("striped", ("a/b", "c"), "--domains"),
        (None, None, "trainA is not a folder: .* or one with trainA"),
    ],
)
def test_a_bad_choice_of_folders_is_explained(
    fill: Fill, second: str | None, domains: tuple[str, str] | None, said: str
) -> None:
    first = fill("plain", 3)
    for name, pictures in {"empty": 0, "lonely": 1, "Upper": 3, "other/plain": 3, "striped": 3}.items():
        fill(name, pictures)
    with pytest.raises(BadDataset, match=said):
        find_domains(first, first.parent / second if second else None, domains, 0.1)


def test_a_root_needs_names_for_its_domains(fill: Fill) -> None:
    root = fill("root/trainA", 2).parent
    fill("root/trainB", 2)
    with pytest.raises(BadDataset, match="--domains"):
        find_domains(root, None, None, 0.1)
