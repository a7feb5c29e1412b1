"""What to do instead, where a command was typed wrong."""

import re

BEFORE_COMMANDS = ("--quiet", "-q", "--without", "--version")
"""Options of the command as a whole."""


def explain_usage(error: object) -> str:
    """Return what a usage error says, and what was probably meant where that can be told."""
    message = str(getattr(error, "message", error))
    option = str(getattr(error, "option_name", None) or "")
    if re.fullmatch(r"-[\d.]\S*", option):
        return (
            f"{message} (a value that begins with - stands behind --, and options before that: "
            f"-- KEY {option})"
        )
    if option in BEFORE_COMMANDS:
        return f"{message} here (it stands before the command)"
    return message
