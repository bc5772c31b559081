"""Keys on disk and on the command line: shown once, kept as hashes, in force until they are not."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.cli import execute
from app.keys import CorruptKeys, KeyExists, KeyRing, Scope, UnknownKey

TRANSLATE = frozenset({Scope.TRANSLATE})
Run = Callable[..., str]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "keys.json"


@pytest.fixture
def run(path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """`sjmvi keys ...`, which must end with the exit code, as what it prints."""
    monkeypatch.setenv("SJMVI_DATA_DIR", str(path.parent))

    def run(*arguments: str, exit_code: int = 0) -> str:
        assert execute(["keys", *arguments]) == exit_code
        output = capsys.readouterr()
        return output.err if exit_code else output.out

    return run


def test_a_key_is_found_by_itself_alone_and_nowhere_written(path: Path) -> None:
    key, secret = KeyRing(path).create("phone", TRANSLATE)
    ring = KeyRing(path)
    assert ring.find(secret) == key
    for other in (secret[:-1], secret.swapcase(), key.sha256, key.prefix, "", "ß" * 9, "x" * 1000):
        assert ring.find(other) is None
    kept = "".join(file.read_text() for file in path.parent.iterdir())
    assert key.sha256 in kept
    assert secret not in kept
    assert secret not in repr(key)
    assert key.sha256 not in repr(key)


def test_no_two_keys_are_alike(path: Path) -> None:
    secrets = {KeyRing(path).create(f"k{number}", TRANSLATE)[1] for number in range(20)}
    assert len(secrets) == 20
    assert min(map(len, secrets)) >= 43  # 256 bits in base 64


def test_a_ring_sees_what_another_process_would_write(path: Path) -> None:
    ring, other = KeyRing(path), KeyRing(path)
    assert ring.list() == ()
    _, secret = other.create("phone", TRANSLATE)
    assert ring.find(secret)
    other.revoke("phone")
    assert ring.find(secret) is None
    assert [key.state for key in ring.list()] == ["revoked"]


def test_a_key_expires(path: Path) -> None:
    ring = KeyRing(path)
    _, late = ring.create("late", TRANSLATE, datetime.now(UTC) - timedelta(seconds=1))
    _, fresh = ring.create("fresh", TRANSLATE, datetime.now(UTC) + timedelta(days=1))
    assert ring.find(late) is None
    assert ring.find(fresh)
    assert [key.state for key in ring.list()] == ["expired", "active"]


def test_a_name_is_free_again_after_its_key_was_revoked(path: Path) -> None:
    ring = KeyRing(path)
    _, first = ring.create("phone", TRANSLATE)
    with pytest.raises(KeyExists):
        ring.create("phone", TRANSLATE)
    ring.revoke("phone")
    _, second = ring.create("phone", TRANSLATE)
    assert ring.find(first) is None
    assert ring.find(second)
    with pytest.raises(UnknownKey):
        ring.revoke("absent")


@pytest.mark.parametrize("content", ["", "{}", '[{"name": "x"}]', "[null]"])
def test_a_broken_file_lets_nobody_in(path: Path, content: str) -> None:
    ring = KeyRing(path)
    _, secret = ring.create("phone", TRANSLATE)
    path.write_text(content)
    for _ in range(2):
        with pytest.raises(CorruptKeys):
            ring.find(secret)


def test_an_admin_may_do_all_and_others_what_they_are_for(path: Path) -> None:
    admin, _ = KeyRing(path).create("admin", frozenset({Scope.ADMIN}))
    phone, _ = KeyRing(path).create("phone", TRANSLATE)
    assert all(admin.allows(scope) for scope in (*Scope, None))
    assert [scope for scope in Scope if phone.allows(scope)] == [Scope.TRANSLATE]


def test_the_command_shows_a_key_once(run: Run, path: Path) -> None:
    secret = run("create", "phone", "--scopes", "translate, train", "--expires", "3").strip()
    key = KeyRing(path).find(secret)
    assert key
    assert key.expires
    assert timedelta(days=2) < key.expires - key.created < timedelta(days=4)
    for listing in (run("list"), run("list", "--json"), run("revoke", "phone"), run("list", "--all")):
        assert "phone" in listing
        assert secret not in listing
        assert key.sha256 not in listing
    assert "phone" not in run("list")


def test_programs_get_json(run: Run) -> None:
    made = json.loads(run("create", "phone", "--scopes", "translate", "--json"))
    (listed,) = json.loads(run("list", "--json"))
    assert made["key"].startswith(listed["prefix"])
    assert listed == {name: value for name, value in made.items() if name != "key"}
    assert (listed["scopes"], listed["state"], listed["expires"]) == (["translate"], "active", None)


@pytest.mark.parametrize(
    ("arguments", "exit_code", "said"),
    [
        (("create", "phone", "--scopes", "translate,fly"), 2, "usage"),
        (("create", "phone", "--scopes", "translate", "--expires", "0"), 2, "usage"),
        (("create", "phone"), 2, "usage"),
        (("create", "../x", "--scopes", "translate"), 2, "bad-key-name"),
        (("revoke", "phone"), 3, "unknown-key"),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused_in_a_line(
    run: Run, path: Path, arguments: tuple[str, ...], exit_code: int, said: str
) -> None:
    assert run(*arguments, exit_code=exit_code).startswith(f"error: {said}: ")
    assert not path.exists()
