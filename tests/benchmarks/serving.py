"""The service against the sampler alone, on the same pictures and in turns, so that whatever else the machine
does meets both: throughput as a ratio, health answers meanwhile, memory over many requests, and a burst. On a
machine that is busy with others the ratio of core time is the steadier one.

    python tests/benchmarks/serving.py --size 256 --clients 16
"""

import os
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median, quantiles
from typing import Annotated

import typer
from load import Call, mixed, pictures, probing, repeated, send, translations
from PIL import Image
from service import ROOT, Service, serving

PASSIVE = "OMP_WAIT_POLICY"  # as it is where the service's network works: see app/forks.py
BURST = 64


def main(
    bundle: Annotated[Path, typer.Option(help="its name and size at work")] = ROOT / "weights/horse2zebra",
    size: Annotated[int, typer.Option(help="of the pictures, and of the network's work, in pixels")] = 256,
    clients: Annotated[int, typer.Option(help="that send one picture after another")] = 16,
    count: Annotated[int, typer.Option("--pictures", help="in a round")] = 64,
    rounds: Annotated[int, typer.Option(help="of the sampler and of the service in turns")] = 3,
    soak: Annotated[int, typer.Option(help="mixed requests, over which memory is to be flat")] = 2000,
) -> None:
    """Measure the service on this machine."""
    os.environ.setdefault(PASSIVE, "PASSIVE")  # before torch is imported
    images = pictures(count, size)
    with serving(bundle.parent, rate_limit="0") as service:
        sampler = Bare(bundle, size)
        measure_throughput(service, sampler, images, clients, rounds)
        measure_burst(service, images[0], sampler.to, bundle.name)
        measure_memory(service, soak, sampler.to, clients)
    typer.echo(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


class Bare:
    """The sampler without a service: batches of eight, from picture to picture, scored as it scores them."""

    def __init__(self, bundle: Path, size: int) -> None:
        from translation.device import keep_freed_memory
        from translation.weights import load_bundle

        loaded = load_bundle(bundle)
        self.sampler = loaded.sampler()
        keep_freed_memory(self.sampler.device)  # as the service's process does
        self.to, self.size = loaded.card.domains[1], size

    def __call__(self, images: Sequence[Image.Image]) -> None:
        from translation.sampler import SampleRequest

        fit = self.sampler.fit
        for first in range(0, len(images), 8):
            batch = images[first : first + 8]
            requests = [
                SampleRequest(fit(image, self.size), self.to, first + index, range(1), scored=fit(image))
                for index, image in enumerate(batch)
            ]
            for result, image in zip(self.sampler.sample(requests, 8), batch, strict=True):
                result.paintings[0].over(image)


def measure_throughput(
    service: Service, bare: Bare, images: Sequence[Image.Image], clients: int, rounds: int
) -> None:
    calls = translations(images, to=bare.to, size=bare.size)
    bare(images[:8])
    send(service, calls[:clients], clients)
    ratios, core_ratios, probes = list[float](), list[float](), list[float]()
    for _ in range(rounds):
        bare_s, bare_core_s = timed(lambda: bare(images), time.process_time)
        with probing(service, probes):
            served_s, served_core_s = timed(lambda: translate(service, calls, clients), service.core_s)
        ratios.append(bare_s / served_s)
        core_ratios.append(bare_core_s / served_core_s)
        typer.echo(
            f"sampler {len(images) / bare_s:.2f}/s, service {len(images) / served_s:.2f}/s, ratio "
            f"{ratios[-1]:.2f}; of a core's time for the same pictures {core_ratios[-1]:.2f}"
        )
    p99_s = quantiles(probes, n=100)[98]
    typer.echo(f"throughput at {clients} clients over the sampler's: median {median(ratios):.2f}")
    typer.echo(f"which core time alone would make: median {median(core_ratios):.2f}")
    typer.echo(f"health under load: p50 {median(probes) * 1e3:.0f} ms, p99 {p99_s * 1e3:.0f} ms")


def measure_burst(service: Service, image: Image.Image, to: str, model: str) -> None:
    """More at once than there is room for."""
    calls = repeated(translations([image], to=to, model=model, size=64), BURST)
    replies = send(service, calls, BURST)
    told = sum(reply.status == 429 and reply.retry_after is not None for reply in replies)
    statuses = Counter(reply.status for reply in replies)
    typer.echo(f"{BURST} at once: {statuses[200]} translated, {told} told when to come again")
    if statuses[200] + told != BURST:
        raise AssertionError(f"lost: {statuses}")


def measure_memory(service: Service, count: int, to: str, clients: int) -> None:
    calls = mixed(count, to)
    quarter = max(1, count // 4)
    for first in range(0, count, quarter):
        replies = send(service, calls[first : first + quarter], clients)
        resident = service.resident_bytes()
        figures = ", ".join(f"{name} {size / 1e6:.0f} MB" for name, size in resident.items())
        statuses = dict(sorted(Counter(reply.status for reply in replies).items()))
        typer.echo(f"after {first + len(replies)} mixed requests: {figures}; {statuses}")


def translate(service: Service, calls: Sequence[Call], clients: int) -> None:
    statuses = Counter(reply.status for reply in send(service, calls, clients))
    if set(statuses) != {200}:
        raise AssertionError(f"not all were translated: {statuses}")


def timed(work: Callable[[], None], core_s: Callable[[], float]) -> tuple[float, float]:
    """Seconds that went by, and seconds of a core by that clock."""
    started, core_started_s = time.perf_counter(), core_s()
    work()
    return time.perf_counter() - started, core_s() - core_started_s


if __name__ == "__main__":
    typer.run(main)
