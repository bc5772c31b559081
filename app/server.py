"""Serving: who may reach it, on which port, and what the operator is told."""

import errno
import shlex
import socket
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import uvicorn
from fastapi import FastAPI
from rich.console import Console

from app.database.connection import Database
from app.database.migration import upgrade
from app.draining import DrainingServer
from app.keys import KeyRing
from app.logs import configure_logs
from app.punctuality import PunctualProtocol
from app.routes.page import EXAMPLES
from app.settings import Settings
from translation.device import describe, pick_device
from translation.registry import Registry


class PublicWithoutKeys(ValueError):
    def __init__(self, host: str) -> None:
        super().__init__(
            f"{host} is reached from other machines and there is no key: make one with sjmvi keys create, "
            "or let all of them in with --insecure-no-auth"
        )


class PortInUse(OSError):
    def __init__(self, port: int) -> None:
        super().__init__(f"another program listens on port {port}: give another with --port")


def serve(app: FastAPI, settings: Settings) -> None:
    """Returns when the server has stopped.

    Raises PublicWithoutKeys, CorruptKeys, BadDatabaseUrl, DatabaseFault, PortInUse, NoSuchDevice.
    """
    with closing(Database(settings.database)) as database:
        upgrade(database)  # what is wrong with it is told before there is a server
    keys = KeyRing(settings.keys_file).list()
    if not keys and not settings.is_open_without_keys:
        raise PublicWithoutKeys(settings.host)
    with _listen(settings.host, settings.port) as listener:
        _greet(settings, listener.getsockname()[1], asks_for_key=bool(keys))
        configure_logs(settings.log_format)
        config = uvicorn.Config(
            app, http=PunctualProtocol, log_config=None, access_log=False, server_header=False
        )
        DrainingServer(config, settings.graceful_shutdown_s, app.state.stopping).run(sockets=[listener])


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortInUse(port) from error
        raise


def _greet(settings: Settings, port: int, asks_for_key: bool) -> None:
    console = Console(highlight=False, soft_wrap=True)
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)
    url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    console.print(f"device  {describe(pick_device(settings.device))}")
    console.print(f"page    {url}/")
    entries = [entry for entry in Registry(settings.weights_dir, settings.models_dir).list() if entry.card]
    if not entries or entries[0].card is None:
        console.print(
            f"model   none in {settings.weights_dir} or {settings.models_dir}: see sjmvi train --help"
        )
        return
    to = entries[0].card.domains[1]
    console.print(f"curl    {curl_line(url, entries[0].name, to, asks_for_key)}", markup=False)


def curl_line(url: str, model: str, to: str, asks_for_key: bool = False) -> str:
    """Works as printed, from the folder that the service was started in; it waits for the model as well."""
    picture = EXAMPLES / "horse.jpg"
    if picture.is_relative_to(Path.cwd()):
        picture = picture.relative_to(Path.cwd())
    query = f"{url}/v1/translations?model={model}&to={quote(to)}&seed=7"
    key = ["-H", "Authorization: Bearer KEY"] if asks_for_key else []
    return shlex.join(["curl", "--retry", "9", *key, "-F", f"image=@{picture}", "-o", f"{to}.png", query])
