"""What a collect could not take: how much of it, and why, so that nothing is left out in silence.

A source counts through its context, and the collect itself what the database does not take. The
counts stand in the job's result and, with the source's state, until the next collect that looks.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from inkcre.sql.rows import Json

Reason = Literal[
    "too many", "too large", "unreadable", "not installed", "empty", "link", "too many parts",
    "no storage",
]  # fmt: skip
"""Why something was left out; ``docs/sources.md`` says what each of them means."""

LEFT_OUT = "left_out"
"""Where it stands in a source's state, and in a job's result."""


@dataclass
class LeftOut:
    """What one collect has left out, in the light of the one before."""

    former: Mapping[str, int] = field(default_factory=dict)
    """What the last collect that looked has left out, by reason."""

    counts: Counter[str] = field(default_factory=Counter)

    def add(self, reason: Reason, count: int = 1) -> None:
        """Count what is left out; none is nothing to tell."""
        if count > 0:
            self.counts[reason] += count

    def keep_former(self) -> None:
        """Say again what the last collect said: there is nothing new to look at."""
        self.counts.update(self.former)

    def tell(self) -> dict[str, Json]:
        """Return it for a job's result, or a state; nothing if there is nothing."""
        return {LEFT_OUT: dict(sorted(self.counts.items()))} if self.counts else {}


def read_left_out(state: Mapping[str, object]) -> dict[str, int]:
    """Return what a source's last collect has left out, by reason."""
    found = state.get(LEFT_OUT)
    said = found if isinstance(found, dict) else {}
    return {reason: count for reason, count in said.items() if isinstance(count, int)}


def describe_left_out(counts: Mapping[str, int]) -> str:
    """Say in one line what was left out; nothing when nothing was."""
    if not counts:
        return ""
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in sorted(counts.items()))
    return f"left out: {reasons}"
