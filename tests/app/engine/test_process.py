"""The process that has the device, while it starts."""

from concurrent.futures import ThreadPoolExecutor
from multiprocessing import active_children
from pathlib import Path

import faulty_network
import pytest
from PIL import Image

from app import forks
from app.engine import Device, NetworkHung, network
from app.engine.faults import DeviceLost
from app.engine.orders import Order, Version
from translation.sampler import SampleRequest
from translation.weights import load_bundle


@pytest.fixture
def version(tiny_bundle: Path) -> Version:
    return Version("tiny", tiny_bundle, load_bundle(tiny_bundle).digest)


def test_an_order_that_fills_the_pipe_is_not_sent_to_a_process_that_does_not_read(
    version: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network, "run", faulty_network.deaf)
    device = Device("cpu", 0, patience_s=1)
    large = Order(version, (SampleRequest(Image.new("RGB", (2000, 2000)), "zebra", 7, range(1)),))
    with ThreadPoolExecutor(1) as thread:
        sampled = thread.submit(device, large)
        try:
            with pytest.raises(NetworkHung):
                sampled.result(timeout=300)
        finally:
            device.stop()


def test_a_device_that_is_stopped_while_it_starts_draws_nothing_and_starts_no_other(
    version: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = Device("cpu", 1 << 30, patience_s=300)
    prepare = forks.prepare

    def stop_meanwhile() -> None:
        prepare()
        device.stop()

    monkeypatch.setattr(forks, "prepare", stop_meanwhile)
    before = active_children()
    for _ in range(2):  # the second one was waiting
        with pytest.raises(DeviceLost):
            device(Order(version))
        assert active_children() == before
