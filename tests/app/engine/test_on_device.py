"""What the process that has the device answers, whatever the device is."""

from io import BytesIO
from pathlib import Path

import torch
from PIL import Image

from app.engine.models import WarmModels
from app.engine.network import answer
from app.engine.orders import Order, Outcome, Version
from translation.sampler import SampleRequest
from translation.weights import load_bundle


def test_a_warm_device_answers_the_same_order_with_the_same_bytes(
    tiny_bundle: Path, photograph: bytes, device: torch.device
) -> None:
    version = Version("tiny", tiny_bundle, load_bundle(tiny_bundle).digest)
    small = Image.open(BytesIO(photograph)).convert("RGB").resize((32, 32))
    order = Order(
        version, tuple(SampleRequest(small, "zebra", seed, range(2), scored=small) for seed in (1, 2)), 4
    )
    models = WarmModels(device, max_bytes=1 << 30)
    replies = [answer(order, models) for _ in range(2)]
    assert [reply.outcome for reply in replies] == [Outcome.DONE] * 2, replies[0].text
    first, second = (
        [painted.image.tobytes() for result in reply.results for painted in result.paintings]
        for reply in replies
    )
    assert len(first) == 4
    assert first == second
    assert [result.domain_score for reply in replies for result in reply.results].count(None) == 0
