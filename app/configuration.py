"""Where settings come from: the command line, SJMVI_* variables, a TOML file, and what is built in.

The file is the one that SJMVI_CONFIG_FILE names, or sjmvi.toml in the working folder. A name that is no
setting is refused wherever it stands: a limit that is misspelled would be no limit.
"""

import difflib
import os
import tomllib
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from pydantic_settings import BaseSettings, EnvSettingsSource, InitSettingsSource

PREFIX = "SJMVI_"
CONFIG_FILE = f"{PREFIX}CONFIG_FILE"
DEFAULT_FILE = Path("sjmvi.toml")


class UnknownSetting(ValueError):
    def __init__(self, name: str, where: str, known: Collection[str]) -> None:
        near = difflib.get_close_matches(name, known, 1)
        hint = f"did you mean {near[0]}?" if near else "sjmvi config show has them all"
        super().__init__(f"{name}, in {where}, is no setting: {hint}")


class BadConfigFile(ValueError):
    def __init__(self, file: Path, reason: str) -> None:
        super().__init__(f"{file} cannot be read: {reason}")


class Environment(EnvSettingsSource):
    """SJMVI_* variables. Raises UnknownSetting."""

    def __call__(self) -> dict[str, Any]:
        known = {*map(variable, self.settings_cls.model_fields), CONFIG_FILE}
        names = [name.upper() for name in os.environ if name.upper().startswith(PREFIX)]
        _refuse_unknown(names, "the environment", known)
        return super().__call__()


class ConfigFile(InitSettingsSource):
    """The TOML file's values. Raises BadConfigFile, UnknownSetting."""

    def __init__(self, settings: type[BaseSettings]) -> None:
        file = config_file()
        values = _read(file) if file else {}
        _refuse_unknown(values, str(file), settings.model_fields)
        super().__init__(settings, values)


def config_file() -> Path | None:
    """The one in use. A default one may be absent."""
    given = os.environ.get(CONFIG_FILE)
    if given:
        return Path(given)
    return DEFAULT_FILE if DEFAULT_FILE.is_file() else None


def variable(setting: str) -> str:
    return f"{PREFIX}{setting.upper()}"


def sources(settings: Iterable[str]) -> dict[str, str]:
    """What gives each setting its value, the command line apart. Raises BadConfigFile."""
    variables, file = {name.upper() for name in os.environ}, config_file()
    in_file = _read(file) if file else {}

    def source(setting: str) -> str:
        if variable(setting) in variables:
            return variable(setting)
        return str(file) if setting in in_file else "default"

    return {setting: source(setting) for setting in settings}


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text())
    except OSError as error:
        raise BadConfigFile(file, error.strerror or str(error)) from error
    except ValueError as error:  # of TOML, or of text
        raise BadConfigFile(file, str(error)) from error


def _refuse_unknown(names: Iterable[str], where: str, known: Collection[str]) -> None:
    for name in names:
        if name not in known:
            raise UnknownSetting(name, where, known)
