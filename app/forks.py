"""A process that has imported torch, has no threads, and from which others are forked, each in a moment."""

import multiprocessing
import os
from multiprocessing import forkserver

FORK = multiprocessing.get_context("forkserver")
NETWORK = "app.engine.network"


def prepare() -> None:
    """Does not wait for it. Imports nothing here, so that both can import torch at the same time."""
    # Threads that spin while they wait for one another take the cores from whoever else works on the machine,
    # and then wait the longer: on two busy cores two of them were ten times as slow as two that sleep.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ["PYTHONSAFEPATH"] = "1"  # what lies in the folder of the service is none of its modules
    FORK.set_forkserver_preload([NETWORK])
    forkserver.ensure_running()
