"""Which model it is where none is named: one for answers, jobs and pages."""

from contextlib import suppress

from app.engine import Engine, NotReady
from translation.registry import Registry, UnknownModel


def default_model(engine: Engine, registry: Registry) -> str:
    """The one that the service has warmed, or the first that it could: an order can wait for it.

    Raises UnknownModel.
    """
    with suppress(NotReady):
        return engine.default
    for entry in registry.list():
        if entry.card:
            return entry.name
    raise UnknownModel("there is no model yet: train or add one first")
