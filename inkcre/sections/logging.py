"""``[logging]``: what is written about the running of the application."""

from typing import Literal

from inkcre.settings.section import Section


class LoggingSettings(Section):
    """What is written about the running of the application."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    """The least level that is written."""

    format: Literal["console", "json"] = "console"
    """Lines for people, or one JSON object a line."""
