"""The application without the log of changes, or with it: served by uvicorn, for what it costs.

``BENCH_SETTINGS`` are overrides as JSON, ``BENCH_PROFILE`` the profile, ``BENCH_LOGGED`` 1 or 0.
"""

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from inkcre.app import create_app
from inkcre.graph import graphs
from inkcre.graph.change_log import log_made
from inkcre.ports.database import Call
from inkcre.transfer import imports


def leave_out(calls: Iterable[Call], **__: Any) -> list[Call]:
    return list(calls)


@contextmanager
def without_log() -> Iterator[None]:
    """Write no log until the end of the block."""
    modules: tuple[Any, ...] = (graphs, imports)
    for module in modules:
        module.log_made = leave_out
    try:
        yield
    finally:
        for module in modules:
            module.log_made = log_made


if "BENCH_SETTINGS" in os.environ:
    if os.environ["BENCH_LOGGED"] == "0":
        without_log().__enter__()
    app = create_app(
        profile=os.environ["BENCH_PROFILE"],
        overrides=json.loads(os.environ["BENCH_SETTINGS"]),
        environ={},
    )
