"""What a service takes in."""

from dataclasses import dataclass

from translation.codec import Limits


@dataclass(frozen=True)
class EngineLimits:
    max_queue: int
    max_output_pixels: int
    picture: Limits
