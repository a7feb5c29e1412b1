"""An S3-compatible store on loopback: moto in server mode, its files in memory.

It cannot show what a real store adds: signatures that are checked, slow and lost answers, throttling.
"""

import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from moto.server import ThreadedMotoServer


@contextmanager
def serve_bucket() -> Iterator[dict[str, Any]]:
    """Serve one bucket that is empty; give the section of the settings that names it.

    Its name is its own: moto keeps what is put for as long as the process lives.
    """
    name = f"inkcre-files-{uuid.uuid4().hex[:8]}"
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    urllib.request.urlopen(urllib.request.Request(f"{endpoint}/{name}", method="PUT")).close()
    yield {
        "kind": "s3",
        "bucket": name,
        "region": "us-east-1",
        "endpoint": endpoint,
        "access_key_id": "me",
        "secret_access_key": "mine",
    }
    server.stop()
