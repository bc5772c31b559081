"""The process that has the device, from the service's side: its end, whatever the reason, is but an error.

A CUDA error spoils its process for good, and a hung call can only be ended with it. Another process is there
in a fraction of a second.
"""

import atexit
import logging
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess

from app import forks
from app.engine import network
from app.engine.faults import DeviceLost, NetworkFailed, NetworkHung, OutOfMemory
from app.engine.orders import Order, Outcome, Reply, Warmth
from translation.card import InvalidBundle
from translation.sampler import SampleResult

logger = logging.getLogger(__name__)


class Device:
    """Started by its first order, and anew by the next one after it was lost. `warmth` is as it said last.

    Orders come one at a time, each from a thread that may wait for it, and so does `close`.
    """

    def __init__(self, device: str, max_models_bytes: int, patience_s: float) -> None:
        """An order that takes longer than `patience_s` never ends, as far as anybody can tell."""
        self._device, self._max_models_bytes, self._patience_s = device, max_models_bytes, patience_s
        self._process: ForkServerProcess | None = None
        self._connection: Connection | None = None
        self._is_stopping = False
        self.warmth = Warmth()

    def __call__(self, order: Order) -> tuple[SampleResult, ...]:
        """One for each of the order's requests.

        Raises OutOfMemory, InvalidBundle, DeviceLost, NetworkHung, NetworkFailed.
        """
        reply = self._reply(order)
        self.warmth = reply.warmth
        if reply.outcome is Outcome.DONE:
            return reply.results
        if reply.outcome is Outcome.INVALID_BUNDLE:
            raise InvalidBundle(reply.text)
        if reply.outcome is Outcome.FAILED:
            raise NetworkFailed(reply.text)
        logger.warning("%s", reply.text)
        if reply.outcome is Outcome.OUT_OF_MEMORY:
            raise OutOfMemory
        self.close()
        raise DeviceLost

    def stop(self) -> None:
        """From any thread: what it is at work on ends with an error."""
        self._is_stopping = True
        with suppress(AttributeError, ValueError):  # there is no process, or none any more
            self._process.kill()  # type: ignore[union-attr]

    def close(self) -> None:
        """The process ends; another order starts another one."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process.close()
        if self._connection is not None:
            self._connection.close()
        self._process = self._connection = None
        self.warmth = Warmth()
        atexit.unregister(self.close)

    def _reply(self, order: Order) -> Reply:
        try:
            connection = self._connection or self._start()
            connection.send(order)
            self._await(connection)
            reply: Reply = connection.recv()
            return reply
        except (EOFError, OSError) as error:
            if not self._is_stopping:
                logger.error("the process that has the device has ended")
            self.close()
            raise DeviceLost from error

    def _start(self) -> Connection:
        """Once it reads: what it does not read fills the pipe, and to send the next order would never end."""
        if self._is_stopping:
            raise EOFError
        forks.prepare()
        ours, theirs = forks.FORK.Pipe()
        arguments = (theirs, self._device, self._max_models_bytes)
        process = forks.FORK.Process(target=network.run, args=arguments, name="network")
        process.start()
        theirs.close()
        self._process, self._connection = process, ours
        atexit.register(self.close)  # before multiprocessing waits there for what has not ended
        if self._is_stopping:  # since before there was a process to kill
            raise EOFError
        self._await(ours)
        self.warmth = ours.recv()
        return ours

    def _await(self, connection: Connection) -> None:
        """Until the process says something, or ends. Raises NetworkHung."""
        if not connection.poll(self._patience_s):
            logger.error("the network has not answered within %g s", self._patience_s)
            self.close()
            raise NetworkHung(self._patience_s)
