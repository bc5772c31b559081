"""Settings come from variables and a file; what is none is refused, and each says where it comes from."""

import json
from pathlib import Path

import pytest

from app.cli import execute
from app.configuration import BadConfigFile, UnknownSetting
from app.settings import Settings


@pytest.fixture(autouse=True)
def at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SJMVI_CONFIG_FILE")


def test_a_variable_goes_before_the_file_and_the_file_before_what_is_built_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path("sjmvi.toml").write_text('port = 8001\nmax_queue = 3\nallowed_hosts = ["A.example"]\n')
    monkeypatch.setenv("SJMVI_PORT", "8002")
    settings = Settings()
    assert (settings.port, settings.max_queue, settings.host) == (8002, 3, "127.0.0.1")
    assert settings.allowed_hosts == {"a.example"}
    assert Settings(port=8003).port == 8003


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_says_what_it_is(name: str) -> None:
    assert Settings.model_fields[name].description


def test_the_file_can_be_another_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("sjmvi.toml").write_text("port = 8001")
    (tmp_path / "other.toml").write_text("port = 8004")
    monkeypatch.setenv("SJMVI_CONFIG_FILE", str(tmp_path / "other.toml"))
    assert Settings().port == 8004


def test_what_is_no_setting_is_refused_with_the_one_that_may_be_meant(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path("sjmvi.toml").write_text("max_que = 3")
    with pytest.raises(UnknownSetting, match=r"max_que, in sjmvi\.toml, .*did you mean max_queue\?"):
        Settings()
    Path("sjmvi.toml").write_text("[server]\nport = 1")
    with pytest.raises(UnknownSetting, match=r"server, .*sjmvi config show has them all"):
        Settings()
    Path("sjmvi.toml").unlink()
    monkeypatch.setenv("SJMVI_MAX_QUEU", "3")
    with pytest.raises(UnknownSetting, match=r"in the environment, .*did you mean SJMVI_MAX_QUEUE\?"):
        Settings()


@pytest.mark.parametrize("content", [b"port = ", b"\xff", None])
def test_a_file_that_cannot_be_read_is_named(content: bytes | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SJMVI_CONFIG_FILE", "my.toml")
    if content is not None:
        Path("my.toml").write_bytes(content)
    with pytest.raises(BadConfigFile, match=r"^my\.toml cannot be read: "):
        Settings()


def test_every_setting_is_shown_with_its_source_and_no_secret(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("sjmvi.toml").write_text('database_url = "postgresql://me:hidden@db/sjmvi"\nmax_queue = 3')
    monkeypatch.setenv("SJMVI_RATE_LIMIT", "9/second")
    assert execute(["config", "show", "--json"]) == 0
    out = capsys.readouterr().out
    shown = json.loads(out)
    assert shown["file"] == "sjmvi.toml"
    assert {*shown["settings"]} == {*Settings.model_fields}
    assert shown["settings"]["max_queue"] == {"value": 3, "source": "sjmvi.toml"}
    assert shown["settings"]["rate_limit"] == {"value": "9/second", "source": "SJMVI_RATE_LIMIT"}
    assert shown["settings"]["port"] == {"value": 8000, "source": "default"}
    assert execute(["config", "show"]) == 0
    table = capsys.readouterr().out
    assert "SJMVI_RATE_LIMIT" in table
    assert all(name in table for name in Settings.model_fields)
    assert "hidden" not in out + table


@pytest.mark.parametrize(
    ("content", "slug"),
    [("prot = 1", "unknown-setting"), ("port = 70000", "unknown-setting"), ("port =", "bad-config-file")],
)
def test_a_command_refuses_a_bad_file(content: str, slug: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("sjmvi.toml").write_text(content)
    assert execute(["config", "show"]) == 2
    assert capsys.readouterr().err.startswith(f"error: {slug}: ")


def test_a_process_in_another_folder_is_given_the_same_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "other.toml").write_text('max_queue = 3\nallowed_hosts = ["b", "a"]\ndata_dir = "here"\n')
    monkeypatch.setenv("SJMVI_CONFIG_FILE", "other.toml")
    monkeypatch.setenv("SJMVI_DATABASE_URL", "postgresql://me:secret@host/name")
    given = Settings()
    monkeypatch.setenv("SJMVI_CONFIG_FILE", "")
    for name, value in given.environment(device="cpu").items():
        monkeypatch.setenv(name, value)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    same = {"device": "cpu", "data_dir": tmp_path / "here", "weights_dir": tmp_path / "weights"}
    assert Settings() == given.model_copy(update=same)
    assert Settings().database == "postgresql://me:secret@host/name"
