"""Is this machine fit to serve? Each part is looked at by itself, so that one that is ill hides no other."""

import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from app.database.connection import Database
from app.database.faults import BadDatabaseUrl, DatabaseFault
from app.database.migration import revision
from app.keys import CorruptKeys, KeyRing
from app.settings import Settings
from translation.device import NoSuchDevice, describe, pick_device
from translation.registry import Registry

SCARCE_BYTES = 2_000_000_000
Level = Literal["ok", "warning", "error"]


@dataclass(frozen=True)
class Finding:
    part: str
    level: Level
    text: str


def check_up(settings: Settings) -> Iterator[Finding]:
    for part, look in LOOKS.items():
        level, text = look(settings)
        yield Finding(part, level, text)


def _device(settings: Settings) -> tuple[Level, str]:
    try:
        return "ok", describe(pick_device(settings.device))
    except NoSuchDevice as error:
        return "error", f"{error}: set SJMVI_DEVICE to auto or cpu"


def _torch(_: Settings) -> tuple[Level, str]:
    import torch
    import torchvision

    build = f"CUDA {torch.version.cuda}" if torch.version.cuda else "for the CPU alone"
    text = f"torch {version('torch')} {build}, torchvision {version('torchvision')}"
    if not torchvision.extension._has_ops():
        return "error", f"{text}, which was built for another torch: install the pair anew"
    return "ok", text


def _weights(settings: Settings) -> tuple[Level, str]:
    entries = Registry(settings.weights_dir, settings.models_dir).list()
    broken = [f"{entry.name}: {entry.fault}" for entry in entries if entry.fault]
    whole = ", ".join(entry.name for entry in entries if not entry.fault)
    if not whole:
        return "error", "; ".join([f"none in {settings.weights_dir} or {settings.models_dir}", *broken])
    return ("warning", f"{whole}; broken: {'; '.join(broken)}") if broken else ("ok", whole)


def _disk(settings: Settings) -> tuple[Level, str]:
    folder = settings.data_dir.absolute()
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    text = f"{free / 1e9:.1f} GB free for {folder}"
    if not _is_writable(existing):
        return "error", f"{text}, which cannot be written"
    return ("warning" if free < SCARCE_BYTES else "ok"), text


def _is_writable(folder: Path) -> bool:
    import tempfile

    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _database(settings: Settings) -> tuple[Level, str]:
    try:
        with closing(Database(settings.database)) as database:
            if database.file and not database.file.exists():
                return "ok", f"none yet: {database.file} is made when the service starts"
            where = database.url.render_as_string(hide_password=True)
            return "ok", f"schema {revision(database) or 'none yet'}, {where}"
    except (BadDatabaseUrl, DatabaseFault) as error:
        return "error", str(error)


def _keys(settings: Settings) -> tuple[Level, str]:
    try:
        keys = KeyRing(settings.keys_file).list()
    except CorruptKeys as error:
        return "error", str(error)
    active = sum(key.state == "active" for key in keys)
    if keys:
        return ("ok" if active else "warning"), f"{active} in force of {len(keys)}"
    if not settings.is_open_without_keys:
        return "error", f"none, and {settings.host} is reached from other machines: sjmvi keys create"
    if settings.insecure_no_auth:
        return "warning", "none: whoever reaches the service may use it"
    return "ok", "none, and none needed on loopback"


def _port(settings: Settings) -> tuple[Level, str]:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        with socket.create_server((settings.host, settings.port), family=family):
            return "ok", f"{settings.port} is free on {settings.host}"
    except OSError as error:
        return "warning", f"{settings.port} on {settings.host}: {error.strerror}; a service that runs has it"


def _limits(settings: Settings) -> tuple[Level, str]:
    body, pixels = settings.max_body_bytes / 1e6, settings.max_pixels / 1e6
    return "ok", (
        f"{body:g} MB and {pixels:g} MP a picture, {settings.max_queue} at once, "
        f"{settings.timeout_s:g} s each, {settings.rate_limit}; sjmvi config show has all"
    )


LOOKS: dict[str, Callable[[Settings], tuple[Level, str]]] = {
    "device": _device,
    "torch": _torch,
    "weights": _weights,
    "disk": _disk,
    "database": _database,
    "keys": _keys,
    "port": _port,
    "limits": _limits,
}
