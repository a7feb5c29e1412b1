"""How log lines look."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from inkcre.sections.logging import LoggingSettings
from inkcre.tracing import traced

TALKATIVE = ("alembic", "apscheduler", "httpx")
"""Libraries that tell of each thing they do: only their warnings are of interest."""


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Write one record."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **{f"{name}_id": id_ for name, id_ in traced().items()},
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


class ConsoleFormatter(logging.Formatter):
    """A line for people, with what it belongs to at its end."""

    def format(self, record: logging.LogRecord) -> str:
        """Write one record."""
        line, *rest = super().format(record).split("\n", 1)
        ids = " ".join(f"{name}={id_}" for name, id_ in traced().items())
        return "\n".join([f"{line} [{ids}]" if ids else line, *rest])


def _make_handler(settings: LoggingSettings) -> logging.Handler:
    handler = logging.StreamHandler()
    handler.setFormatter(
        JsonFormatter()
        if settings.format == "json"
        else ConsoleFormatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s")
    )
    return handler


@contextmanager
def logging_as_guest(settings: LoggingSettings) -> Iterator[None]:
    """Write what the application logs, unless whoever serves it has arranged for that.

    Its own lines only, and until the end of the block: the process is somebody else's.
    """
    logger = logging.getLogger("inkcre")
    if logger.hasHandlers():
        yield
        return
    handler, level = _make_handler(settings), logger.level
    logger.addHandler(handler)
    logger.setLevel(settings.level.upper())
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


def configure_logging(settings: LoggingSettings) -> None:
    """Let everything that is logged go to standard error, a line each.

    By hand, not by ``logging.config``: that and what it imports are 0.8 MiB of each isolate.
    """
    # force: a Worker is configured at import, and again when its variables have come.
    logging.basicConfig(
        handlers=[_make_handler(settings)], level=settings.level.upper(), force=True
    )
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
