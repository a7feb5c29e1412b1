"""The conformance kit: what every extension promises, as rules that its author has in a test.

One line for an author, one item of pytest for each rule::

    import pytest
    from inkcre.testing import extension
    from weather import WEATHER

    @pytest.mark.parametrize("rule", extension.RULES)
    def test_weather_conforms(rule):
        rule.check(WEATHER)

A type of sources has a suite of its own, in ``inkcre.testing.extension.sources``; those who have
``inkcre[edge]`` try an artifact by ``inkcre.testing.extension.artifact``. Needs ``inkcre[local,
testing]``.
"""

from inkcre.testing.extension.assembly import ASSEMBLES
from inkcre.testing.extension.imports import LIGHT, QUIET
from inkcre.testing.extension.migrations import ON_D1, ON_POSTGRES, ON_SQLITE
from inkcre.testing.extension.names import NAMES
from inkcre.testing.extension.references import REFERENCES
from inkcre.testing.extension.routes import ROUTES
from inkcre.testing.extension.rules import Breach, BrokenPromise, ExtensionRule, NotAsked
from inkcre.testing.extension.settings import SETTINGS
from inkcre.testing.extension.targets import WORKERS
from inkcre.testing.extension.types import TYPES

RULES = (
    REFERENCES,
    LIGHT,
    QUIET,
    SETTINGS,
    NAMES,
    ON_SQLITE,
    ON_D1,
    ON_POSTGRES,
    ROUTES,
    TYPES,
    WORKERS,
    ASSEMBLES,
)
"""All promises, those first that the others go by."""

__all__ = ["RULES", "Breach", "BrokenPromise", "ExtensionRule", "NotAsked"]
