"""How log lines look."""

import json
import logging
from datetime import UTC, datetime
from typing import Any

from inkcre.ports.tracing import traced
from inkcre.settings.sections.logging import LoggingSettings


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


def logging_config(settings: LoggingSettings) -> dict[str, Any]:
    """Describe logging for ``logging.config.dictConfig``."""
    console = {
        "()": ConsoleFormatter,
        "format": "%(asctime)s %(levelname)-7s %(name)s: %(message)s",
    }
    formatter = {"()": JsonFormatter} if settings.format == "json" else console
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": formatter},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": settings.level.upper()},
        "loggers": {
            "alembic": {"level": "WARNING"},
            "httpx": {"level": "WARNING"},
            "apscheduler": {"level": "WARNING"},
        },
    }
