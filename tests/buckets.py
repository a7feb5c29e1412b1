"""An S3-compatible store on loopback: moto in a process of its own, its files in memory.

Not in a thread of the tests': there it shares Python's lock with them, and on a busy machine large
uploads were reset, or not answered for a minute. It cannot show what a real store adds: signatures
that are checked, slow and lost answers, throttling.
"""

import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.postgres import free_port

START_SECONDS = 60


@contextmanager
def serve_bucket() -> Iterator[dict[str, Any]]:
    """Serve one bucket that is empty; give the section of the settings that names it."""
    name = f"inkcre-files-{uuid.uuid4().hex[:8]}"
    port = free_port()
    command = [sys.executable, "-P", str(Path(__file__).with_name("ageing.py")), str(port)]
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, **silent) as process:  # type: ignore[call-overload]
        endpoint = f"http://127.0.0.1:{port}"
        try:
            _make_bucket(f"{endpoint}/{name}")
            yield {
                "kind": "s3",
                "bucket": name,
                "region": "us-east-1",
                "endpoint": endpoint,
                "access_key_id": "me",
                "secret_access_key": "mine",
            }
        finally:
            process.kill()


def another_bucket(section: dict[str, Any]) -> dict[str, Any]:
    """Make another bucket beside one that is served; give its section."""
    name = f"inkcre-files-{uuid.uuid4().hex[:8]}"
    _make_bucket(f"{section['endpoint']}/{name}")
    return {**section, "bucket": name}


def age_bucket(section: Mapping[str, Any], days: float) -> None:
    """Let days pass for the files of a bucket, below the section's prefix if it has one."""
    prefix = f"{section['prefix']}/" if section.get("prefix") else ""
    asked = urllib.parse.urlencode({"days": days, "prefix": prefix})
    address = f"{section['endpoint']}/ageing/{section['bucket']}?{asked}"
    urllib.request.urlopen(urllib.request.Request(address, method="POST")).close()


def _make_bucket(address: str) -> None:
    """Make a bucket as soon as the store answers."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            urllib.request.urlopen(urllib.request.Request(address, method="PUT")).close()
        except urllib.error.URLError:
            assert time.monotonic() < deadline, "moto did not start"
            time.sleep(0.05)
        else:
            return
