"""What stays of the stored files, by a clock that the test moves."""

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.retention import Limits, Retention


@dataclass
class Shelf:
    """Files of 10 bytes, of which three fit, for 100 s."""

    folder: Path
    time_s: float = 1_000_000.0

    def __post_init__(self) -> None:
        self.retention = Retention(Limits(max_bytes=30, max_age_s=100), now=lambda: self.time_s)

    def add(self, name: str) -> Path:
        self.retention.make_room(10)
        path = self.folder / name
        path.write_bytes(bytes(10))
        self.use(path)
        return path

    def use(self, path: Path) -> None:
        self.time_s += 1
        assert self.retention.hold(path)
        self.retention.release(path)

    @property
    def names(self) -> str:
        return "".join(sorted(path.name for path in self.folder.iterdir()))


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


def test_the_one_used_longest_ago_goes_first(shelf: Shelf) -> None:
    first, *_ = [shelf.add(name) for name in "abc"]
    shelf.use(first)
    shelf.add("d")
    assert shelf.names == "acd"


def test_what_is_being_read_stays_while_it_is(shelf: Shelf) -> None:
    first, *_ = [shelf.add(name) for name in "abc"]
    for _ in range(2):
        shelf.retention.hold(first)
    shelf.retention.make_room(30)
    assert shelf.names == "a"
    shelf.retention.release(first)
    shelf.retention.make_room(30)
    assert shelf.names == "a"
    shelf.retention.release(first)
    shelf.retention.make_room(30)
    assert shelf.names == ""


def test_what_was_not_used_for_too_long_goes_though_there_is_room(shelf: Shelf) -> None:
    first, *_ = [shelf.add(name) for name in "ab"]
    shelf.time_s += 90
    shelf.use(first)
    shelf.time_s += 20
    shelf.retention.make_room()
    assert shelf.names == "a"


def test_what_was_not_used_for_too_long_is_given_to_nobody(shelf: Shelf) -> None:
    first = shelf.add("a")
    shelf.time_s += 101
    assert not shelf.retention.hold(first)
    shelf.retention.make_room()
    assert shelf.names == ""
    shelf.add("a")


def test_what_is_being_read_for_very_long_is_given_to_others_too(shelf: Shelf) -> None:
    first = shelf.add("a")
    shelf.retention.hold(first)
    shelf.time_s += 101
    assert shelf.retention.hold(first)


def test_a_restart_remembers_the_order_of_use(shelf: Shelf) -> None:
    first, *others = [shelf.add(name) for name in "abc"]
    shelf.use(first)
    after = Shelf(shelf.folder, shelf.time_s)
    after.retention.adopt([first, *others])
    after.add("d")
    assert after.names == "acd"


def test_files_found_too_many_or_too_old_go(shelf: Shelf) -> None:
    for age_s, name in enumerate("abcde"):
        (shelf.folder / name).write_bytes(bytes(10))
        os.utime(shelf.folder / name, (shelf.time_s - 60 * age_s, shelf.time_s))
    shelf.retention.adopt(shelf.folder.iterdir())
    shelf.retention.make_room()
    assert shelf.names == "ab"
    shelf.retention.make_room(20)
    assert shelf.names == "a"


def test_a_file_that_someone_else_deleted_is_no_obstacle(shelf: Shelf) -> None:
    first, *_ = [shelf.add(name) for name in "abc"]
    first.unlink()
    assert not shelf.retention.hold(first)
    shelf.add("d")
    assert shelf.names == "bcd"
