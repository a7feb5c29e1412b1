"""An S3-compatible store on loopback: moto in a process of its own, its files in memory.

Not in a thread of the tests': there it shares Python's lock with them, and on a busy machine large
uploads were reset, or not answered for a minute. It cannot show what a real store adds: that is in
``tests/stores.py``.
"""

import atexit
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from tests.postgres import free_port

START_SECONDS = 60


_open: set[str] = set()
"""Buckets that are in use."""


@cache
def _start_server() -> str:
    """Start the store of this process, which takes seconds; give its address."""
    port = free_port()
    command = [sys.executable, "-P", str(Path(__file__).with_name("ageing.py")), str(port)]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )

    def stop() -> None:
        process.kill()
        process.wait()

    atexit.register(stop)
    return f"http://127.0.0.1:{port}"


@contextmanager
def serve_bucket() -> Iterator[dict[str, Any]]:
    """Serve one bucket that is empty; give the section of the settings that names it."""
    name = f"inkcre-files-{uuid.uuid4().hex[:8]}"
    endpoint = _start_server()
    _make_bucket(f"{endpoint}/{name}")
    _open.add(name)
    try:
        yield {
            "kind": "s3",
            "bucket": name,
            "region": "us-east-1",
            "endpoint": endpoint,
            "access_key_id": "me",
            "secret_access_key": "mine",
        }
    finally:
        _open.remove(name)
        if not _open:  # let it forget the large files, which it keeps in memory
            forget = urllib.request.Request(f"{endpoint}/forgetting", method="POST")
            urllib.request.urlopen(forget).close()


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
