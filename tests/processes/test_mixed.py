"""Everything at once on one base while processes are killed and PostgreSQL restarts, shortly."""

from pathlib import Path

import pytest

from tests.soak.mixed import Shape, play
from tests.standing.ledger import Ledger
from tests.standing.proof import compare
from tests.standing.servers import HOMES

SHORT = Shape(seconds=12, cycle_seconds=5, notes=200, slow_uploads=10, silent=5)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", HOMES)
def test_nothing_is_lost_and_nothing_is_there_twice(name: str, tmp_path: Path) -> None:
    """What was acknowledged is there once, and no answer was a 5xx but 503 with Retry-After.

    What was never given is missed: the proof is one.
    """
    with HOMES[name](tmp_path) as home:
        assert play(home, SHORT) == []
        invented = Ledger(blocks={"never": 1}, relations={("a", "b", "c")}, files={"f" * 64: 1})
        missed = {f"lost: 'sha256:{'f' * 64}'", "lost: 'never'", "lost: ('a', 'b', 'c')"}
        assert missed <= {*compare(home, invented)}
