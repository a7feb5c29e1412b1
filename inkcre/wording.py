"""What pydantic finds wrong, for people: no regular expression is among the words."""

from collections.abc import Mapping

PATTERNS = {
    r"^https?://\S+$": "an http or https address without blanks",
    r"^postgres(ql)?(\+\w+)?://": "an address that begins with postgresql://",
    r"^[a-z0-9][a-z0-9_-]{0,63}$": (
        "small letters, digits, _ and -, a letter or digit first, 64 at most"
    ),
    r"^[a-z0-9][a-z0-9-]{0,62}$": (
        "small letters, digits and -, a letter or digit first, 63 at most"
    ),
    r"^[A-Za-z0-9][A-Za-z0-9._-]*[A-Za-z0-9]$": (
        "letters, digits, ., _ and -, a letter or digit at both ends"
    ),
    r"^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$": "letters, digits, _ and -, in parts with / between them",
    r"^[A-Za-z0-9-]+$": "letters, digits and -",
    r"^[A-Za-z_][A-Za-z0-9_]*$": "letters, digits and _, no digit first",
    r"^(/[A-Za-z0-9._~-]+)*$": "parts of letters, digits, ., _, ~ and -, each behind a /",
    r"^INK\d{3}$": "the id of a check, such as INK101",
    r"^[0-9a-f]{32}$": "32 of the characters 0-9 and a-f",
    r"^[0-9a-f]{64}$": "64 of the characters 0-9 and a-f",
    r"^sha256:[0-9a-f]{64}$": "sha256: and 64 of the characters 0-9 and a-f",
    r"^url$": '"url"',
    r"^[^\x00]+$": "text without NUL",
    r"^[^\x00]*$": "text without NUL",
}
"""What each of our patterns asks for."""

OF_OTHERS = "of the form that is asked for"
"""What is said of a pattern of an extension's."""


def describe_pattern(pattern: str) -> str:
    """Return what a regular expression asks for, as a noun."""
    return PATTERNS.get(pattern, OF_OTHERS)


def say_fault(found: Mapping[str, object]) -> str:
    """Return what is wrong by one of pydantic's errors, as a sentence."""
    if found["type"] in ("model_type", "model_attributes_type", "dataclass_type"):
        return "Input should be an object"  # of which class is nobody's concern
    context = found.get("ctx")
    pattern = context.get("pattern") if isinstance(context, Mapping) else None
    return f"Input should be {describe_pattern(pattern)}" if pattern else str(found["msg"])
