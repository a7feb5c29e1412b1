"""Another server than ours, on another loop than asyncio's; `make soak ARGS=servers` has them all."""

from pathlib import Path

import httpx2 as httpx

from tests.servers import served_by
from tests.soak.servers import run_under


def test_main_flow_on_trio(tmp_path: Path) -> None:
    """Functions run in the loop's threads there, and settings of logging hold."""
    run_under("hypercorn-trio", tmp_path)


def test_database_may_be_away_at_the_start_on_trio(tmp_path: Path) -> None:
    """It is waited for, and everything else is answered."""
    environ = {
        "INKCRE_PROFILE": "server",
        "INKCRE_DATABASE__URL": "postgresql://nobody@127.0.0.1:9/none",
        "INKCRE_STORAGE__PATH": str(tmp_path / "files"),
    }
    with served_by("hypercorn-trio", tmp_path, **environ) as (url, stop):
        assert httpx.get(f"{url}/livez").status_code == 200
        assert httpx.get(f"{url}/readyz").status_code == 503
        assert httpx.get(f"{url}/blocks", timeout=60).status_code in (503, 504)
        said = stop()
    assert "answering 503 until it does" in said
    assert "Traceback" not in said
