from pathlib import Path

import pytest

from translation.durable import locked, replacing, try_lock, write


def test_the_new_bytes_take_the_place_of_the_old(tmp_path: Path) -> None:
    path = tmp_path / "card.json"
    path.write_bytes(b"old")
    with replacing(path) as file:
        file.write(b"new")
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_half_way_leaves_the_old_bytes_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "card.json"
    path.write_bytes(b"old")
    with pytest.raises(KeyboardInterrupt):
        write_half(path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_name_of_the_greatest_length_is_written(tmp_path: Path) -> None:
    path = tmp_path / ("m" * 251 + ".png")
    write(path, b"new")
    assert path.read_bytes() == b"new"


def test_one_at_a_time_has_a_lock_and_whoever_asks_meanwhile_is_told(tmp_path: Path) -> None:
    with (tmp_path / "lock").open("ab") as other:
        with locked(tmp_path / "lock"):
            assert not try_lock(other)
        assert try_lock(other)
        with (tmp_path / "lock").open("ab") as third:
            assert not try_lock(third)


def write_half(path: Path) -> None:
    with replacing(path) as file:
        file.write(b"half")
        raise KeyboardInterrupt
