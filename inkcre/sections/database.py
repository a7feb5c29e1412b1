"""``[database]``: where rows are kept."""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr
from pydantic_core import PydanticCustomError

from inkcre.settings.section import BindingName, LocalPath, SecretText, Section


class QueuePoolSettings(Section):
    """``[database.pool] kind = "queue"``: keep connections and lend them out."""

    kind: Literal["queue"] = "queue"
    """Keep connections in the process."""

    size: Annotated[int, Field(ge=1, le=1000)] = 5
    """Connections kept open."""

    overflow: Annotated[int, Field(ge=0, le=1000)] = 5
    """Further connections opened under load and closed after."""

    timeout_seconds: Annotated[float, Field(gt=0)] = 10
    """How long a request waits for a connection before it is answered 503."""

    recycle_seconds: Annotated[int, Field(ge=-1)] = 1800
    """Age at which a connection is replaced; -1 is never."""

    pre_ping: bool = True
    """Whether a connection that lay idle is tested before it is used."""


class NullPoolSettings(Section):
    """``[database.pool] kind = "null"``: open a connection for each use, for an outside pooler."""

    kind: Literal["null"] = "null"
    """Keep no connection."""


class StaticPoolSettings(Section):
    """``[database.pool] kind = "static"``: one connection, where a server spares no more."""

    kind: Literal["static"] = "static"
    """Keep one connection, which is lent to one user at a time."""

    timeout_seconds: Annotated[float, Field(gt=0)] = 10
    """How long a request waits for a connection before it is answered 503."""


Pool = Annotated[
    QueuePoolSettings | NullPoolSettings | StaticPoolSettings, Field(discriminator="kind")
]


class SqliteSettings(Section):
    """``kind = "sqlite"``: one file, nothing to install."""

    kind: Literal["sqlite"] = "sqlite"
    """SQLite, in this process."""

    path: Literal[":memory:"] | LocalPath = Path("data/inkcre.sqlite3")
    """The database file, made when absent; ":memory:" keeps it in this process only."""

    busy_timeout_seconds: Annotated[float, Field(ge=0)] = 10
    """How long a write waits for another process's write, or for those before it; then 503."""

    migrate_on_start: bool = False
    """Whether the schema is brought up to date when the process starts."""


_PARTS = re.compile(r"[^:]+://([^@/?]*@)?[^@/?]*(/[^@?]*)?(\?.*)?", re.DOTALL)
"""User information ends at the first ``@`` for libpq: what follows of a password would be a host,
and be quoted when it is not found."""


FOREIGN_OPTIONS = {
    "pgbouncer": "database.prepared_statements = false",
    "statement_cache_size": "database.prepared_statements = false",
    "prepared_statements": "database.prepared_statements",
    "connection_limit": "database.pool.size",
    "pool_size": "database.pool.size",
    "max_overflow": "database.pool.overflow",
    "pool_timeout": "database.pool.timeout_seconds",
    "socket_timeout": "database.statement_timeout_seconds",
    "statement_timeout": "database.statement_timeout_seconds",
    "schema": "options=-c%20search_path%3DNAME in the address",
    "currentSchema": "options=-c%20search_path%3DNAME in the address",
    "search_path": "options=-c%20search_path%3DNAME in the address",
    "ssl": "sslmode=require in the address",
    "sslaccept": "sslmode in the address",
}
"""Options that other programs read in an address, and libpq does not; and what is ours for each.

https://www.prisma.io/docs/orm/overview/databases/postgresql#arguments
https://jdbc.postgresql.org/documentation/use/#connection-parameters
"""


def _refuse_foreign(url: str) -> None:
    query = url.partition("?")[2]
    for name in (pair.partition("=")[0] for pair in query.split("&")):
        if name in FOREIGN_OPTIONS:
            raise PydanticCustomError(
                "postgres_option",
                "input should not have the option {name}, which is another program's;"
                " here it is {instead}",
                {"name": name, "instead": FOREIGN_OPTIONS[name]},
            )


def _postgres_address(given: SecretStr) -> SecretStr:
    url = SecretStr(given.get_secret_value().strip())
    scheme, separator, _ = url.get_secret_value().partition("://")
    if not separator or scheme.partition("+")[0] not in ("postgresql", "postgres"):
        raise PydanticCustomError(
            "postgres_url", "input should be an address that starts with postgresql://"
        )
    if not _PARTS.fullmatch(url.get_secret_value()):
        raise PydanticCustomError(
            "postgres_userinfo", "input should have the @, / and ? of its password as %40, %2F, %3F"
        )
    _refuse_foreign(url.get_secret_value())
    return url


Driver = Literal["psycopg", "pg8000"]


class PostgresSettings(Section):
    """``kind = "postgres"``: a PostgreSQL server, shared by any number of replicas."""

    kind: Literal["postgres"] = "postgres"
    """PostgreSQL over the network."""

    url: Annotated[
        SecretText,
        AfterValidator(_postgres_address),
        Field(json_schema_extra={"pattern": r"^postgres(ql)?(\+\w+)?://"}),
    ]
    """postgresql://user:password@host:5432/name, with libpq's options after a "?"."""

    driver: Driver = "psycopg"
    """The Python driver: psycopg, which has libpq's C in it, or pg8000, which is Python alone."""

    pool: Pool = QueuePoolSettings()
    """How connections are kept."""

    connect_timeout_seconds: Annotated[int, Field(ge=1)] = 5
    """How long opening a connection may take."""

    statement_timeout_seconds: Annotated[float, Field(gt=0)] = 30
    """How long one statement may run before the server stops it."""

    lock_timeout_seconds: Annotated[float, Field(gt=0)] = 10
    """How long a statement waits for rows that another one holds before it is answered 503."""

    prepared_statements: bool | None = None
    """Whether statements are prepared; unless it is said, they are where no pooler is in front of
    the server."""

    migrate_on_start: bool = False
    """Whether the schema is brought up to date when the process starts."""


class HyperdriveSettings(Section):
    """``kind = "hyperdrive"``: PostgreSQL through Cloudflare Hyperdrive."""

    kind: Literal["hyperdrive"] = "hyperdrive"
    """PostgreSQL through a Hyperdrive binding."""

    binding: BindingName = "HYPERDRIVE"
    """The ``[bindings.NAME]`` table, of type "hyperdrive"."""

    driver: Driver = "pg8000"
    """The Python driver: pg8000, for there is no libpq for Pyodide."""

    pool: Pool = NullPoolSettings()
    """How connections are kept: Hyperdrive pools, so this side must not."""

    statement_timeout_seconds: Annotated[float, Field(gt=0)] = 30
    """How long one statement may run before the server stops it."""


class D1Settings(Section):
    """``kind = "d1"``: Cloudflare D1, which is SQLite."""

    kind: Literal["d1"] = "d1"
    """A D1 database."""

    binding: BindingName = "DB"
    """The ``[bindings.NAME]`` table, of type "d1"."""


DatabaseSettings = Annotated[
    SqliteSettings | PostgresSettings | HyperdriveSettings | D1Settings,
    Field(discriminator="kind"),
]
