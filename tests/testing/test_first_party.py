"""Our own extensions keep what every extension promises."""

import os

import pytest
from inkcre_telegram import TELEGRAM

from inkcre.testing import extension
from tests.conftest import SERVER_VARIABLE


@pytest.mark.parametrize("rule", extension.RULES)
def test_telegram_conforms(rule: extension.ExtensionRule) -> None:
    """On the three databases, and where Workers are meant."""
    rule.check(TELEGRAM, postgres_url=os.environ[SERVER_VARIABLE].replace("NAME", "postgres"))
