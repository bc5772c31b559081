"""What comes of a translation's way."""

from dataclasses import dataclass

from translation.translator import Translation


@dataclass(frozen=True)
class Answer:
    """A translation, its source domain, the format of the upload, and the seconds it waited in queues."""

    translation: Translation
    source: str
    input_format: str
    queue_s: float

    @property
    def stages_s(self) -> dict[str, float]:
        """The seconds of each, in their order."""
        timings = self.translation.receipt.timings
        return {
            "decode": timings.decode_s,
            "queue": self.queue_s,
            "infer": timings.sample_s,
            "encode": timings.encode_s,
        }
