"""PgBouncer in front of a PostgreSQL server of the tests' own: Debian's package.

No package of Python's ships one. ``make test`` installs Debian's where it may.
"""

import fcntl
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from tests.postgres import free_port

COMMAND = "apt-get install --yes --no-install-recommends pgbouncer"
START_SECONDS = 30


def find_pgbouncer() -> str:
    """Return the program; install it first where it is not there, and that is ours to do."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
    with (Path(tempfile.gettempdir()) / "inkcre-pgbouncer.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one of those who run tests at once
        found = shutil.which("pgbouncer", path=path)
        if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
            # Its service is not for us.
            environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
            for command in ("apt-get update", COMMAND):
                subprocess.run(command.split(), env=environ, capture_output=True, check=False)
            found = shutil.which("pgbouncer", path=path)
    assert found, f"PgBouncer is not installed; run: {COMMAND}"
    return found


class PgBouncer:
    """A pooler in front of the server of an address; it lets everybody in."""

    def __init__(self, url: str, **options: object) -> None:
        parts = urlsplit(url)
        self.port = free_port()
        self._program = find_pgbouncer()
        self._folder = Path(tempfile.mkdtemp(prefix="inkcre-pgbouncer-"))
        self._user = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        said = {
            "listen_addr": "127.0.0.1", "listen_port": self.port, "unix_socket_dir": "",
            "auth_type": "any", "ignore_startup_parameters": "extra_float_digits", **options,
        }  # fmt: skip
        self._name = parts.path[1:]
        server = (
            f"host={parts.hostname} port={parts.port} user={parts.username}"
            f" password={parts.password} dbname={self._name}"
        )
        lines = ["[databases]", f"{self._name} = {server}", "[pgbouncer]"]
        lines += [f"{name} = {value}" for name, value in said.items()]
        (self._folder / "pgbouncer.ini").write_text("\n".join(lines))
        self._folder.chmod(0o755)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The address that leads through it."""
        return f"postgresql://anybody@127.0.0.1:{self.port}/{self._name}"

    def start(self) -> "PgBouncer":
        """Start, and return when it takes connections."""
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._program, str(self._folder / "pgbouncer.ini")],
                user=self._user and self._user.pw_uid, stdout=log, stderr=log,
            )  # fmt: skip
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return self
        raise AssertionError((self._folder / "log").read_text())

    def remove(self) -> None:
        """Stop, and leave nothing behind."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(START_SECONDS)
        shutil.rmtree(self._folder, ignore_errors=True)


@contextmanager
def pooling(url: str, **options: object) -> Iterator[str]:
    """Return an address that leads to the one given, through a pooler with some options."""
    pooler = PgBouncer(url, **options)
    try:
        yield pooler.start().url
    finally:
        pooler.remove()
