"""How long a test goes on whose proof grows with its length: shortly, or as long as it was made for.

``make test`` takes the short form; ``make soak ARGS=lengths`` runs the same tests at their whole length.
"""

import os

WHOLE_VARIABLE = "TEST_WHOLE_LENGTH"


def is_whole() -> bool:
    """Tell whether tests go on as long as they were made for."""
    return bool(os.environ.get(WHOLE_VARIABLE))


def rounds(short: int, *, whole: int) -> int:
    """Return how often something is done."""
    return whole if is_whole() else short
