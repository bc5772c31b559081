"""What a signal does to a run: the piece of work that is under way ends, and the run can be continued."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar, cast

from training.distributed import Processes
from translation.signals import Stopped, stop_signals

T = TypeVar("T")


class Interrupted(RuntimeError):
    """A signal ended the training; everything up to its last step is in the run."""

    def __init__(self, run: Path, signal_number: int) -> None:
        super().__init__(f"stopped; continue with: sjmvi train --resume {run}")
        self.run = run
        self.signal_number = signal_number


def until_stopped(run: Path, processes: Processes, work: Callable[[Callable[[], bool]], T]) -> T:
    """What `work` returns in the first process, in all of them. It is told whether a signal has come, and may
    then raise Stopped. Raises Interrupted where one has."""
    made: T | None = None
    with stop_signals() as received:
        if processes.is_first:
            with suppress(Stopped):
                made = work(lambda: bool(received))
        signal_number = processes.signal(received)
    if signal_number:
        raise Interrupted(run, signal_number)
    return cast("T", processes.from_first(made))
