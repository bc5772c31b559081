"""What the command line says of an error, and the exit code: on a machine that only trains as well, which may
have nothing of what the service needs."""

import re
import sys
from collections.abc import Sequence

from app.problem import ENVIRONMENT, FAILED, INPUT, USAGE, Problem, Table, problem_of
from translation.durable import is_full

OUT_OF_SPACE = Problem("out-of-space", 507, ENVIRONMENT)


def told(error: Exception) -> tuple[Problem, str]:
    """In one line."""
    table: Table = {}
    try:
        table = _problems_of_training()
        from pydantic import ValidationError

        from app.errors import PROBLEMS, faults_of
    except Exception:  # what is not installed or broken may be the error itself, which is the one to tell
        return _without_a_service(error, table), _in_one_line(error)
    full: Table = {OSError: OUT_OF_SPACE} if is_full(error) else {}
    problem = problem_of(error, {**PROBLEMS, **table, **full})
    if isinstance(error, ValidationError):
        return problem, _listed(faults_of(error))
    return problem, _in_one_line(error)


def _without_a_service(error: Exception, table: Table) -> Problem:
    """Of what is in no table here, what its class is called."""
    named = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", type(error).__name__).lower()
    return problem_of(error, {Exception: Problem(named, 500), **table})


def _listed(faults: Sequence[tuple[str, str]]) -> str:
    return "; ".join(f"{name} {fault}" for name, fault in faults)


def _in_one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _problems_of_training() -> Table:
    """No part of the service's table: it never trains, its jobs are processes of this command."""
    if "training" not in sys.modules:  # then none of its errors can have been raised
        return {}
    from training.checkpoint import CorruptCheckpoint, RunInUse
    from training.config import BadRecipe
    from training.distributed import LostProcess
    from training.domains import BadDataset
    from training.evaluation.features import BadFeatureNetwork, UnfetchedNetwork
    from training.evaluation.figures import BadProtocol
    from training.experiments.results import OtherResults
    from training.memory import TooLittleMemory
    from training.origin import NotARun
    from training.trainer import Diverged

    return {
        BadRecipe: Problem("bad-recipe", 422, USAGE),
        BadDataset: Problem("bad-dataset", 422, INPUT),
        BadFeatureNetwork: Problem("bad-feature-network", 422, INPUT),
        UnfetchedNetwork: Problem("unfetched-network", 503, ENVIRONMENT),
        BadProtocol: Problem("bad-protocol", 422, USAGE),
        NotARun: Problem("not-a-run", 422, INPUT),
        OtherResults: Problem("other-results", 409, INPUT),
        CorruptCheckpoint: Problem("corrupt-checkpoint", 422, INPUT),
        RunInUse: Problem("run-in-use", 409, ENVIRONMENT),
        LostProcess: Problem("lost-process", 500, ENVIRONMENT),
        TooLittleMemory: Problem("out-of-memory", 500, ENVIRONMENT),
        Diverged: Problem("diverged", 500, FAILED),
    }
