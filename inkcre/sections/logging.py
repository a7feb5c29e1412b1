"""``[logging]``: what is written about the running of the application."""

from typing import Annotated, Literal

from pydantic import BeforeValidator

from inkcre.settings.section import Section


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


class LoggingSettings(Section):
    """What is written about the running of the application."""

    level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_lower)] = "info"
    """The least level that is written, in small or capital letters."""

    format: Literal["console", "json"] = "console"
    """Lines for people, or one JSON object a line."""
