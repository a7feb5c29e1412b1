"""What the sample is told."""

from typing import Literal

from pydantic import Field

from inkcre.framework import ForbiddenChoice, SecretText, Section


class SampleSettings(Section):
    """What the sample is told."""

    word: str = Field(examples=["sample"])
    """What it says."""

    token: SecretText | None = None
    """What it shows to others."""


class ShelfSettings(Section):
    """``kind = "sample-shelf"``: a further place of small values."""

    kind: Literal["sample-shelf"] = "sample-shelf"
    """A shelf of the sample's."""

    max_entries: int = 3
    """How many values it has room for."""

    max_bytes: int = 1000
    """How much room they have."""


QUIET = ForbiddenChoice(
    "process", ("extensions", "sample", "word"), frozenset({"hush"}), "a sample speaks",
    'write word = "sample"',
)  # fmt: skip
