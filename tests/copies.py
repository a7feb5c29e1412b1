"""Bases and copies of them on one storage, and days that pass for all of them at once."""

import hashlib
import os
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from inkcre.adapters.prefixed import PrefixedStorage
from inkcre.assembly.assembly import build_components
from inkcre.context import Components
from inkcre.errors import NotFound, NotOurs, Unavailable
from inkcre.graph.blocks import delete_block
from inkcre.graph.files import files, sweeps
from inkcre.ports.storage import FileKey, Storage, Tenure
from inkcre.sql import schema
from tests.buckets import age_bucket
from tests.conftest import (
    database_name,
    drop_postgres_database,
    lay_sqlite_base,
    new_postgres_database,
    postgres_settings,
    sqlite_settings,
)
from tests.lines import LINES
from tests.postgres import find_installation


@dataclass
class Base:
    """A base, and what it must find again: the files that its blocks name."""

    context: Components
    path: str
    """A file, or the address of a database."""

    section: dict[str, Any]
    named: dict[bytes, int] = field(default_factory=dict)

    def put(self, content: bytes) -> bool:
        """Keep a file; tell whether that was acknowledged."""
        context = self.context
        try:
            block, _ = files.add_file(
                context.database, context.storage, [content], name=None, now=context.clock(),
                tenure=context.tenure,
            )  # fmt: skip
        except (NotOurs, Unavailable):
            return False
        self.named[content] = int(block.id)
        return True

    def let_go(self, content: bytes) -> None:
        """Delete the block of a file."""
        delete_block(self.context.database, self.named.pop(content))

    def sweep(self, **options: Any) -> int | str:
        """Sweep; give how many files were deleted, or the code of what was against it."""
        context = self.context
        try:
            *_, swept = sweeps.sweep_files(
                context.database, context.storage, context.clock, tenure=context.tenure, **options
            )
        except NotOurs as error:
            return error.code
        return swept.deleted

    def restart(self) -> None:
        """Forget what was remembered of the storage."""
        self.context.tenure.standing = None

    def lost(self) -> list[bytes]:
        """Name the files that blocks name, and that are not there."""
        return [content for content in self.named if not self._has(content)]

    def _has(self, content: bytes) -> bool:
        try:
            return self.context.storage.get(key_of(content)).read() == content
        except NotFound:
            return False

    def copy(self, path: str) -> "Base":
        """Copy the database, as ``cp`` or ``pg_dump`` do, on the same storage."""
        if is_postgres(self.path):
            path = new_postgres_database()
            dump_and_restore(self.path, path)
        else:
            source, target = sqlite3.connect(self.path), sqlite3.connect(path)
            source.backup(target)
            source.close()
            target.close()
        return open_base(path, self.section, dict(self.named))

    def clone(self, path: str) -> "Base":
        """Copy as ``copy`` does, but on PostgreSQL by the server itself, which wants to be alone.

        A soak makes thousands of copies, and ``pg_dump`` and ``pg_restore`` take most of a second:
        what differs between the two is how rows come over, and not which.
        """
        if not is_postgres(self.path):
            return self.copy(path)
        self.context.database.close()
        copy = new_postgres_database(database_name(self.path))
        return open_base(copy, self.section, dict(self.named))

    def execute(self, sql: str) -> None:
        """Run SQL beside the base."""
        if is_postgres(self.path):
            import psycopg

            with psycopg.connect(self.path, autocommit=True) as connection:
                connection.execute(sql.encode())
            return
        other = sqlite3.connect(self.path, timeout=30)
        other.execute(sql)
        other.commit()
        other.close()

    def close(self) -> None:
        """Hang up."""
        self.context.database.close()

    def remove(self) -> None:
        """Hang up, and leave no database on the server."""
        self.close()
        if is_postgres(self.path):
            drop_postgres_database(self.path)


def key_of(content: bytes) -> FileKey:
    """Return the key under which a file is kept."""
    return files.file_key(hashlib.sha256(content).hexdigest())


def is_postgres(path: str) -> bool:
    """Tell whether a base is a database of the server's, and not a file."""
    return path.startswith("postgresql:")


def open_base(path: str, section: dict[str, Any], named: dict[bytes, int] | None = None) -> Base:
    """Open a base on a storage; its database is made if it is not there."""
    is_remote = section["kind"] == "r2"
    local = {"kind": "memory"} if is_remote else section
    overrides = {f"storage.{key}": value for key, value in local.items()}
    if not is_postgres(path) and not Path(path).exists():
        lay_sqlite_base(Path(path))
    load = postgres_settings if is_postgres(path) else sqlite_settings
    settings = load(path, **overrides)
    context = build_components(settings, tenure=Tenure(claim=section.get("claim")))
    if is_remote:
        context = replace(context, storage=open_remote(section))
    if not schema.is_at_head(context.database, LINES):
        schema.migrate(context.database, LINES)
    return Base(context, path, section, named or {})


def open_remote(section: Mapping[str, Any]) -> Storage:
    """Open Miniflare's R2 from outside the Worker: the adapter runs inside, at ``worker``."""
    from tests.edge.remote import RemoteStorage, Worker

    remote: Any = RemoteStorage(Worker(section["worker"]))
    storage: Any = PrefixedStorage(remote, section["prefix"])
    return cast("Storage", storage)


def pass_days(days: float, section: Mapping[str, Any] | None, *bases: Base) -> None:
    """Let days pass: for the notes of bases, and for the files of a storage."""
    for base in bases:
        base.execute(f"UPDATE file_notes SET noted_at = noted_at - {int(days * 86_400_000)}")
    if section is not None:
        AGE[section["kind"]](section, days)


def _age_folder(section: Mapping[str, Any], days: float) -> None:
    for path in Path(section["path"]).rglob("*"):
        if path.is_file():
            then = path.stat().st_mtime - days * 86_400
            os.utime(path, (then, then))


def _age_remote(section: Mapping[str, Any], days: float) -> None:
    """Miniflare keeps what it knows of files in SQLite, and reads it at every call."""
    folder = Path(section["state"]) / "v3" / "r2" / "miniflare-R2BucketObject"
    (path,) = (path for path in folder.glob("*.sqlite") if path.name != "metadata.sqlite")
    with closing(sqlite3.connect(path, timeout=30)) as connection, connection:
        connection.execute(
            "UPDATE _mf_objects SET uploaded = uploaded - ? WHERE instr(key, ?) = 1",
            (int(days * 86_400_000), section["prefix"]),
        )


AGE: Mapping[str, Callable[[Mapping[str, Any], float], None]] = {
    "filesystem": _age_folder,
    "s3": age_bucket,
    "r2": _age_remote,
}


def dump_and_restore(source: str, target: str) -> None:
    """Copy a PostgreSQL database with the server's own programs, while it is in use."""
    programs = find_installation() / "bin"
    with subprocess.Popen(
        [str(programs / "pg_dump"), "--format=custom", f"--dbname={source}"], stdout=subprocess.PIPE
    ) as dumping:
        restoring = [str(programs / "pg_restore"), "--exit-on-error", f"--dbname={target}"]
        subprocess.run(restoring, stdin=dumping.stdout, check=True)
    assert dumping.returncode == 0


def copy_folder(source: Path, target: Path) -> None:
    """Copy a folder as ``cp -a source/* target`` does: without names that begin with a dot."""
    target.mkdir()
    for path in source.iterdir():
        if not path.name.startswith("."):
            (shutil.copytree if path.is_dir() else shutil.copy2)(path, target / path.name)


def at_once(*acts: Callable[[], object]) -> None:
    """Do several things at the same time."""
    import threading

    threads = [threading.Thread(target=act) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def wait_a_moment() -> None:
    """Let the database's clock tick."""
    time.sleep(0.002)
