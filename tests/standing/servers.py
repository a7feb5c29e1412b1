"""Processes that serve one base, are killed and started again, and the homes that they have.

What connects a process with PostgreSQL is a parameter: a pooler can be put between them.
"""

import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path

import psycopg

from inkcre.assembly.assembly import build_components
from inkcre.sections.schema import load_settings
from inkcre.sql import schema
from tests.cli.conftest import COMMAND, clean_environ
from tests.conftest import lay_sqlite_base
from tests.lines import LINES
from tests.poolers import pooling
from tests.postgres import PostgresServer, free_port

START_SECONDS = 60
STOP_SECONDS = 60
SAMPLE_SECONDS = 0.5

Reach = Callable[[PostgresServer, str], str]
"""Gives the address under which a database of a server is reached."""


@dataclass
class Life:
    """One process, from its start to its end, and its resident memory in KiB."""

    pid: int
    began: float = field(default_factory=time.monotonic)
    sizes: list[int] = field(default_factory=list)

    def sample(self) -> None:
        """Look how much memory it has now, unless it is gone."""
        try:
            status = Path(f"/proc/{self.pid}/status").read_text()
        except OSError:
            return
        found = [line for line in status.splitlines() if line.startswith("VmRSS")]
        self.sizes += [int(line.split()[1]) for line in found]


class Server:
    """A process at one port, again and again."""

    def __init__(self, folder: Path, name: str, options: Sequence[str], environ: Mapping[str, str]):
        self.port = free_port()
        self.lives: list[Life] = []
        self.is_up = False
        self.deaths = 0
        self.log = folder / f"{name}.log"
        self._folder, self._options, self._environ = folder, options, environ
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start a process, and return when it answers."""
        command = [COMMAND, "run", "--set", f"http.port={self.port}", *self._options]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=self._folder, env=clean_environ(**self._environ), stderr=log
            )
        self.lives.append(Life(self._process.pid))
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            assert self._process.poll() is None, self.log.read_text()[-3000:]
            assert time.monotonic() < deadline, self.log.read_text()[-3000:]
            time.sleep(0.05)
        self.is_up = True

    def kill(self) -> None:
        """End it as a power cut does. First it counts as dead: whoever asks meanwhile is excused."""
        assert self._process is not None
        self.is_up = False
        self.deaths += 1
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        """Ask it to end; give its exit status."""
        assert self._process is not None
        self.is_up = False
        self._process.terminate()
        return self._process.wait(STOP_SECONDS)

    def remove(self) -> None:
        """Leave no process behind."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def _answers(self) -> bool:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/livez")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()


@dataclass
class Home:
    """Processes on one base, and what can be done to the base below them."""

    name: str
    folder: Path
    servers: list[Server]
    options: Sequence[str]
    environ: Mapping[str, str]
    restart_database: Callable[[], None] | None = None

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Sample the memory of the processes meanwhile."""
        ended = threading.Event()

        def watch() -> None:
            while not ended.wait(SAMPLE_SECONDS):
                for server in self.servers:
                    server.lives[-1].sample()

        thread = threading.Thread(target=watch)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command beside the base."""
        return subprocess.run(
            [COMMAND, *arguments, *self.options], cwd=self.folder,
            env=clean_environ(**self.environ), capture_output=True, text=True, check=False,
        )  # fmt: skip


@contextmanager
def open_sqlite(folder: Path) -> Iterator[Home]:
    """Have one process on a file."""
    lay_sqlite_base(folder / "base.sqlite3")
    options = ["--set", "database.path=base.sqlite3"]
    with _serving(folder, "sqlite", options, {}, number=1) as home:
        yield home


@contextmanager
def open_postgres(
    folder: Path, reach: Reach = PostgresServer.url, name: str = "postgres"
) -> Iterator[Home]:
    """Have two processes on one database, whose server is restarted."""
    # What is acknowledged is on the disk: a server that is stopped at once loses nothing.
    server = PostgresServer(is_durable=True).start()
    try:
        with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
            connection.execute("CREATE DATABASE standing")
        _migrate(server.url("standing"))
        environ = {"INKCRE_DATABASE__URL": reach(server, "standing")}
        options = ["--profile", "server", "--set", "http.host=127.0.0.1"]
        with _serving(folder, name, options, environ, number=2) as home:
            crashes = iter([True] + [False] * 1000)

            def restart() -> None:
                server.stop(immediately=next(crashes))
                server.start()

            home.restart_database = restart
            yield home
    finally:
        server.remove()


@contextmanager
def open_pgbouncer(folder: Path) -> Iterator[Home]:
    """Have the same, through a pooler by transaction."""
    with ExitStack() as stack:

        def reach(server: PostgresServer, database: str) -> str:
            url = server.tcp_url(database)
            pool = pooling(url, pool_mode="transaction", default_pool_size=10, server_login_retry=1)
            return stack.enter_context(pool)

        with open_postgres(folder, reach, "pgbouncer") as home:
            yield home


HOMES = {"sqlite": open_sqlite, "postgres": open_postgres, "pgbouncer": open_pgbouncer}


@contextmanager
def _serving(
    folder: Path, name: str, options: Sequence[str], environ: Mapping[str, str], *, number: int
) -> Iterator[Home]:
    notes = folder / "notes"
    notes.mkdir()
    told = [*options, "--set", f"storage.path={folder / 'files'}"]
    told += ["--set", f'sources.folders=["{notes}"]', "--set", "scheduler.tick_seconds=1"]
    servers = [Server(folder, f"server-{n}", told, environ) for n in range(number)]
    try:
        for server in servers:
            server.start()
        yield Home(name, folder, servers, told, environ)
    finally:
        for server in servers:
            server.remove()


def _migrate(url: str) -> None:
    told = {"database.url": url, "http.host": "127.0.0.1"}
    database = build_components(load_settings("server", overrides=told, environ={})).database
    schema.migrate(database, LINES)
    database.close()
