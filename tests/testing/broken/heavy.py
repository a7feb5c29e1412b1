"""A record whose module imports what it names."""

from inkcre.framework import Extension
from tests.testing.broken.parts import NUMBER

HEAVY = Extension(
    "broken", f"{NUMBER} imports too many", models=("tests.testing.broken.parts:Answer",)
)
