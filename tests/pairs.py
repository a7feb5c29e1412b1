"""Pairs of a database and a storage, each real or the nearest to it that runs here."""

import os
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from inkcre.edge.local.harness import HarnessOptions, serve_artifact
from inkcre.edge.local.migrations import apply_migrations
from tests.buckets import serve_bucket
from tests.conftest import SERVER_VARIABLE, new_postgres_database, new_postgres_template
from tests.edge import homes
from tests.postgres import PostgresServer

Section = dict[str, Any]


@dataclass(frozen=True)
class Pair:
    """What bases of a play are opened on."""

    section: Section
    """A folder's is without its path, a bucket's without its prefix: each play has its own."""

    template: str | None
    """A PostgreSQL database with the schema; without one bases are files."""

    def new_path(self, folder: Path) -> str:
        """Return where a new base may be."""
        if self.template:
            return new_postgres_database(self.template)
        return str(folder / f"{uuid.uuid4().hex}.sqlite3")

    def new_section(self, folder: Path) -> Section:
        """Return a storage that nobody uses yet."""
        if self.section["kind"] == "filesystem":
            return {**self.section, "path": str(folder / "files")}
        return {**self.section, "prefix": uuid.uuid4().hex}


@contextmanager
def serve_folder() -> Iterator[Section]:
    """Return the section of a folder, which nobody needs to serve."""
    yield {"kind": "filesystem"}


@contextmanager
def serve_r2() -> Iterator[Section]:
    """Serve Miniflare's R2 behind a Worker, which is built for it."""
    with TemporaryDirectory() as name:
        artifact, state = Path(name) / "artifact", Path(name) / "state"
        homes.build(homes.HOMES["edge-d1"], artifact)
        apply_migrations(artifact, "DB", state)
        options = HarnessOptions(artifact, state=state, control=True)
        with serve_artifact(options, Path(name) / "log") as url:
            yield {"kind": "r2", "worker": url, "state": str(state)}


SERVE: Mapping[str, Callable[[], AbstractContextManager[Section]]] = {
    "folder": serve_folder,
    "s3": serve_bucket,
    "r2": serve_r2,
}
PAIRS = [f"{database}-{storage}" for database in ("sqlite", "postgres") for storage in SERVE]


@contextmanager
def open_pair(name: str) -> Iterator[Pair]:
    """Start what a pair consists of, and a PostgreSQL server if nobody has started one."""
    database, _, storage = name.partition("-")
    with ExitStack() as stack:
        if database == "postgres" and SERVER_VARIABLE not in os.environ:
            server = PostgresServer().start()
            stack.callback(server.remove)
            os.environ[SERVER_VARIABLE] = server.url("NAME")
            stack.callback(os.environ.pop, SERVER_VARIABLE)
        section = stack.enter_context(SERVE[storage]())
        yield Pair(section, new_postgres_template() if database == "postgres" else None)
