"""How long a run takes, and what comes in which of its steps."""

from dataclasses import dataclass, field

from training.courses import Courses


@dataclass(frozen=True)
class Schedule:
    """Counts and periods of a run, in steps but for checkpoint_every_s.

    `batch_size` is that of all processes together; a device holds `micro_batch` pairs at once.
    """

    steps: int
    batch_size: int
    micro_batch: int
    seed: int
    ratio_steps: int
    gradient_penalty: float
    gradient_penalty_every: int
    log_every: int
    checkpoint_every_s: float
    courses: Courses = field(default_factory=Courses)

    def penalty(self, step: int) -> float:
        """The factor of R1 in step 0, 1, ...: every k-th, k times as strong. Karras et al. (2020b).

        https://arxiv.org/abs/1912.04958, section 3.1.
        """
        is_due = (step + 1) % self.gradient_penalty_every == 0
        return is_due * self.gradient_penalty_every * self.gradient_penalty
