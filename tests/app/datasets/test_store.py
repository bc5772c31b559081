"""A dataset is on the disk whole, or is not listed; what a crash leaves is removed at the next start."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.datasets.faults import QuotaExceeded
from app.datasets.schemas import DatasetDetails, Skipped
from app.datasets.store import DatasetStore, NameTaken, UnknownDataset


def dataset(name: str, size: int = 10) -> DatasetDetails:
    return DatasetDetails(
        name=name,
        kind="single",
        domains=[],
        pictures=1,
        bytes=size,
        created=datetime.now(UTC),
        skipped=Skipped(count=0, files=[]),
        report={},
    )


def add(store: DatasetStore, *names: str) -> None:
    for name in names:
        with store.stage() as staged:
            (staged.pictures / "1.png").write_bytes(b"1")
            store.publish(staged, dataset(name))


@pytest.fixture
def store(tmp_path: Path) -> DatasetStore:
    return DatasetStore(tmp_path / "datasets", max_bytes=100)


def test_a_published_dataset_has_its_card_and_pictures(store: DatasetStore, tmp_path: Path) -> None:
    add(store, "b", "a")
    assert store.names() == ["a", "b"]
    assert store.get("a").bytes == 10
    assert (tmp_path / "datasets/a/pictures/1.png").read_bytes() == b"1"
    assert {file.name for file in (tmp_path / "datasets").iterdir()} == {"a", "b", ".lock"}


def test_what_is_not_published_is_never_listed_and_then_gone(store: DatasetStore, tmp_path: Path) -> None:
    with store.stage() as staged:
        staged.archive.write_bytes(b"1")
        (staged.pictures / "1.png").write_bytes(b"1")
        assert store.names() == []
    assert [file.name for file in (tmp_path / "datasets").iterdir()] == [".lock"]


def test_a_taken_name_stays_with_who_has_it(store: DatasetStore, tmp_path: Path) -> None:
    add(store, "a")
    with pytest.raises(NameTaken):
        store.check_free("a")
    (tmp_path / "datasets/a/pictures/1.png").write_bytes(b"first")
    with pytest.raises(NameTaken):
        add(store, "a")
    assert (tmp_path / "datasets/a/pictures/1.png").read_bytes() == b"first"


def test_all_datasets_together_have_a_quota(store: DatasetStore) -> None:
    add(store, *(f"d{index}" for index in range(9)))
    with store.stage() as staged, pytest.raises(QuotaExceeded) as raised:
        store.publish(staged, dataset("large", 11))
    assert (raised.value.limit, raised.value.got) == (100, 101)
    store.check_room()
    add(store, "last")
    with pytest.raises(QuotaExceeded):
        store.check_room()
    store.remove("last")
    store.check_room()


@pytest.mark.parametrize("name", ["absent", "", ".", "..", "../datasets/a", ".lock", "a/pictures", "a\0"])
def test_no_other_name_leads_to_a_dataset(name: str, store: DatasetStore) -> None:
    add(store, "a")
    for call in (store.get, store.remove):
        with pytest.raises(UnknownDataset):
            call(name)
    assert store.names() == ["a"]


def test_a_broken_card_hides_its_dataset_but_not_the_others(store: DatasetStore, tmp_path: Path) -> None:
    add(store, "a", "b")
    (tmp_path / "datasets/a/dataset.json").write_text("{")
    assert [each.name for each in store.page("", 10)] == ["b"]
    with pytest.raises(UnknownDataset):
        store.get("a")
    store.remove("a")
    assert store.names() == ["b"]


CRASH = """
import os, sys
from pathlib import Path
from app.datasets.store import DatasetStore
with DatasetStore(Path(sys.argv[1]), 100).stage() as staged:
    staged.archive.write_bytes(b"half")
    os._exit(9)
"""


def test_leftovers_of_a_crash_are_removed_and_uploads_under_way_are_not(
    store: DatasetStore, tmp_path: Path
) -> None:
    folder = tmp_path / "datasets"
    crashed = subprocess.run([sys.executable, "-c", CRASH, str(folder)], check=False)
    assert crashed.returncode == 9
    assert len(list(folder.glob(".partial-*/archive.zip"))) == 1
    with store.stage() as staged:
        DatasetStore(folder, 100).remove_leftovers()
        assert list(folder.glob(".partial-*")) == [staged.folder]


def test_without_a_folder_there_is_nothing_and_none_is_made(store: DatasetStore, tmp_path: Path) -> None:
    store.remove_leftovers()
    store.check_room()
    assert (store.names(), list(tmp_path.iterdir())) == ([], [])
