"""The log: an event a line, as JSON, or for people where a terminal shows it.

What is logged while a request is at work says its id. Nothing of a picture, no name of a file and no key is
ever part of an event; tracebacks show code, not what its variables held.
"""

import logging
import sys
from typing import Literal

import structlog
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict, Processor, WrappedLogger

LogFormat = Literal["auto", "json", "text"]


def _without_colours(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """The server says some things twice, once for a terminal."""
    event.pop("color_message", None)
    return event


EVENT: tuple[Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(),
    _without_colours,
    structlog.processors.TimeStamper(fmt="iso"),
)
JSON: tuple[Processor, ...] = (structlog.processors.format_exc_info, structlog.processors.JSONRenderer())
TEXT: tuple[Processor, ...] = (
    structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
)


def configure_logs(log_format: LogFormat) -> None:
    """For the whole process; `auto` writes JSON unless a terminal reads it."""
    is_json = log_format == "json" or (log_format == "auto" and not sys.stderr.isatty())
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        ProcessorFormatter(
            foreign_pre_chain=EVENT,
            processors=[ProcessorFormatter.remove_processors_meta, *(JSON if is_json else TEXT)],
        )
    )
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
