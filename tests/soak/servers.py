"""The README's main flow under each server that is not ours, with `[logging]` as it is set."""

import argparse
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.servers import SERVERS, lines_of_ours, run_main_flow, served_by


def main(arguments: Sequence[str]) -> int:
    """Run it; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak servers", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"of {', '.join(SERVERS)}")
    asked = parser.parse_args(arguments)
    for name in asked.names or SERVERS:
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="inkcre-server-") as folder:
            run_under(name, Path(folder))
        print(f"{name:15} all of it in {time.monotonic() - began:.1f} s", flush=True)
    return 0


def run_under(name: str, folder: Path) -> None:
    """Run the flow under one of them; it starts, logs and stops as it should."""
    environ = {
        "INKCRE_DATABASE__MIGRATE_ON_START": "true",
        "INKCRE_LOGGING__FORMAT": "json",
        "INKCRE_LOGGING__LEVEL": "debug",
    }
    with served_by(name, folder, **environ) as (url, stop):
        run_main_flow(url)
        said = stop()
    assert "Traceback" not in said, said
    logged = lines_of_ours(said)
    assert any(line["logger"] == "inkcre.access" for line in logged), said
