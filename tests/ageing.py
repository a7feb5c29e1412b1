"""moto's S3 on loopback, whose files can be made older: run as a program, with a port.

A store gives files their times itself, and no request changes them. So days pass here by a request
that S3 does not have: ``POST /ageing/BUCKET?days=31&prefix=a/``. ``POST /forgetting`` takes every
bucket away, with the memory of its files.
"""

import os
import sys
import threading
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.moto_server.werkzeug_app import MotoRequestHandler, create_backend_app
from moto.s3.models import s3_backends
from werkzeug.serving import run_simple

AGEING = "/ageing/"
FORGETTING = "/forgetting"


class Ageing:
    """moto's application, and the request that lets days pass."""

    def __init__(self) -> None:
        self._moto = create_backend_app("s3")

    def __call__(self, environ: dict[str, Any], answer: Any) -> Iterable[bytes]:
        """Answer a request."""
        path = environ["PATH_INFO"]
        if path == FORGETTING:
            s3_backends[DEFAULT_ACCOUNT_ID]["aws"].reset()
            answer("204 No Content", [])
            return []
        if not path.startswith(AGEING):
            return self._moto(environ, answer)
        asked = parse_qs(environ["QUERY_STRING"])
        days, prefix = float(asked["days"][0]), asked.get("prefix", [""])[0]
        bucket = s3_backends[DEFAULT_ACCOUNT_ID]["aws"].buckets[path.removeprefix(AGEING)]
        for key, found in list(bucket.keys.items()):
            if key.startswith(prefix):
                found.last_modified -= timedelta(days=days)
        answer("204 No Content", [])
        return []


def end_with_parent() -> None:
    """End when the input does, and so with the process that has started this one."""
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    threading.Thread(target=end_with_parent, daemon=True).start()
    run_simple(
        "127.0.0.1", int(sys.argv[1]), Ageing(), threaded=True, request_handler=MotoRequestHandler
    )
