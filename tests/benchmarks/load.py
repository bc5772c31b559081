"""Clients, and what they send."""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from itertools import cycle, islice
from random import Random
from threading import Event, Thread
from urllib.parse import urlencode

from PIL import Image
from service import ROOT, Service

PHOTOGRAPH = ROOT / "app" / "web" / "examples" / "horse.jpg"
PROBES = ("/livez", "/readyz")
PROBE_EVERY_S = 0.05


@dataclass(frozen=True)
class Call:
    body: bytes
    query: str


@dataclass(frozen=True)
class Reply:
    status: int
    retry_after: str | None


def pictures(count: int, side: int) -> list[Image.Image]:
    """Square cuts out of a photograph, no two alike."""
    with Image.open(PHOTOGRAPH) as photograph:
        source, random = photograph.convert("RGB"), Random(0)
    cuts = []
    for _ in range(count):
        edge = random.randint(min(source.size) // 2, min(source.size))
        left, top = (random.randint(0, length - edge) for length in source.size)
        cuts.append(source.crop((left, top, left + edge, top + edge)).resize((side, side)))
    return cuts


def encoded(image: Image.Image, file_format: str = "JPEG") -> bytes:
    buffer = BytesIO()
    image.save(buffer, file_format)
    return buffer.getvalue()


def translations(images: Sequence[Image.Image], **query: object) -> list[Call]:
    return [Call(encoded(image), urlencode({"seed": seed, **query})) for seed, image in enumerate(images)]


def mixed(count: int, to: str) -> list[Call]:
    """Small and large, one sample and several, all formats, and every tenth one bad."""
    images = pictures(16, 300)
    queries = [
        {"to": to, "size": size, "samples": samples, "format": file_format}
        for size in (32, 48, 64)
        for samples, file_format in ((1, "png"), (1, "jpeg"), (4, "webp"))
    ]
    good = [Call(encoded(image), urlencode(query)) for image, query in zip(images, cycle(queries))]
    bad = [Call(good[0].body[:900], good[0].query), Call(good[0].body, "to=nowhere"), Call(b"", f"to={to}")]
    random = Random(0)
    return [random.choice(bad if index % 10 == 9 else good) for index in range(count)]


def send(service: Service, calls: Sequence[Call], clients: int) -> list[Reply]:
    """In the order of the calls, by clients that each send one after another."""
    with ThreadPoolExecutor(clients) as threads:
        shares = [calls[client::clients] for client in range(clients)]
        answered = list(threads.map(lambda share: list(_send(service, share)), shares))
    replies: list[Reply] = [Reply(0, None)] * len(calls)
    for client, share in enumerate(answered):
        replies[client::clients] = share
    return replies


def _send(service: Service, calls: Sequence[Call]) -> Iterator[Reply]:
    connection = service.connect()
    for call in calls:
        headers = {"Content-Type": "image/jpeg"}
        connection.request("POST", f"/v1/translations?{call.query}", call.body, headers)
        response = connection.getresponse()
        response.read()
        yield Reply(response.status, response.headers["Retry-After"])
    connection.close()


@contextmanager
def probing(service: Service, seconds: list[float]) -> Iterator[None]:
    """Meanwhile its health is asked for, and `seconds` gets how long each answer took."""
    ended = Event()

    def probe() -> None:
        for path in cycle(PROBES):
            started = time.perf_counter()
            service.get(path)
            seconds.append(time.perf_counter() - started)
            if ended.wait(PROBE_EVERY_S):
                return

    thread = Thread(target=probe)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def repeated(calls: Sequence[Call], count: int) -> list[Call]:
    return list(islice(cycle(calls), count))
