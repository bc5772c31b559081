import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from io import BytesIO
from pathlib import Path
from threading import Thread
from time import monotonic, sleep

import httpx
import pytest
import uvicorn
from PIL import Image

from app.draining import DrainingServer
from app.main import create_app
from app.punctuality import PunctualProtocol
from app.settings import Settings
from translation.weights import load_bundle, save_bundle

Serve = Callable[..., AbstractContextManager[httpx.Client]]


@pytest.fixture(scope="session")
def retrained(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny bundle with another card, and so another digest."""
    bundle, folder = load_bundle(tiny_bundle), tmp_path_factory.mktemp("retrained")
    save_bundle(folder, bundle.model, bundle.ratios, bundle.card.model_copy(update={"steps": 1000}))
    return folder


@pytest.fixture(scope="session")
def serve(tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Serve:
    """The service behind a real server, in a thread: with serve(max_queue=1) as client."""

    @contextmanager
    def serving(warm: bool = True, **settings: object) -> Iterator[httpx.Client]:
        folders = {"weights_dir": tiny_bundle.parent, "data_dir": tmp_path_factory.mktemp("data")}
        app = create_app(Settings.model_validate({**folders, "embedded_worker": False, **settings}))
        config = uvicorn.Config(
            app, http=PunctualProtocol, log_config=None, log_level="warning", timeout_graceful_shutdown=5
        )
        server = DrainingServer(config, 5, app.state.stopping)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            thread = Thread(target=server.run, kwargs={"sockets": [listener]})
            thread.start()
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            try:
                with httpx.Client(base_url=url, timeout=60) as client:
                    if warm:
                        until_ready(client)
                    yield client
            finally:
                server.should_exit = True
                thread.join()

    return serving


@pytest.fixture(scope="session")
def wait_until_ready() -> Callable[[httpx.Client], None]:
    return until_ready


def until_ready(client: httpx.Client) -> None:
    due = monotonic() + 100
    while client.get("/readyz").status_code != 200:
        assert monotonic() < due, client.get("/readyz").text
        sleep(0.05)


@pytest.fixture(scope="session")
def client(serve: Serve) -> Iterator[httpx.Client]:
    with serve() as client:
        yield client


@pytest.fixture(scope="session")
def animation() -> bytes:
    """A GIF of two frames, 16x16."""
    red, blue = (Image.new("RGB", (16, 16), colour) for colour in ("red", "blue"))
    buffer = BytesIO()
    red.save(buffer, "GIF", save_all=True, append_images=[blue])
    return buffer.getvalue()
