"""An address as libpq has it, read without libpq.

https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS

What is taken means what it means to libpq. Nothing but the address is read: no ``PG*`` variable, no
file of passwords or of services, no name of whoever runs the process.
"""

import re
from dataclasses import dataclass, field
from typing import Literal, get_args
from urllib.parse import unquote

from inkcre.errors import Misconfigured

SslMode = Literal["disable", "prefer", "require", "verify-ca", "verify-full"]
"""Without ``allow``, which encrypts only where a server refuses a connection that is not."""

OPTIONS = (
    "host", "port", "user", "password", "dbname",
    "application_name", "connect_timeout", "options", "sslmode", "sslrootcert",
)  # fmt: skip
"""What may stand after the "?"."""

SYSTEM_CERTIFICATES = "system"
"""As ``sslrootcert``: those that the machine trusts."""

_ADDRESS = re.compile(
    r"[^:]+://((?P<user>[^:@/?]*)(:(?P<password>[^@/?]*))?@)?"
    r"(?P<host>\[[^\]@/?]+\]|[^\[\]:@/?]*)(:(?P<port>[0-9]*))?"
    r"(/(?P<dbname>[^@?]*))?(\?(?P<query>[^@]*))?",
    re.DOTALL,
)
"""No second ``@``: a part of a password that has one is taken for nothing else, and not quoted."""

_INSTEAD = 'take it out, or write database.driver = "psycopg"'


@dataclass(frozen=True)
class Address:
    """Where a server is, who we are to it, and how the way there is encrypted."""

    host: str
    """A name, a number, or the folder of a Unix socket, which begins with a slash."""

    port: int
    user: str
    password: str | None = field(repr=False)
    database: str
    application_name: str | None
    connect_timeout_seconds: int | None
    """None when the address has none; 0 is for ever."""

    options: str | None
    ssl_mode: SslMode
    ssl_root_certificate: str | None
    """A file, or ``SYSTEM_CERTIFICATES``."""

    @property
    def socket_path(self) -> str | None:
        """The Unix socket; None when the server is on the network."""
        return f"{self.host}/.s.PGSQL.{self.port}" if self.host.startswith("/") else None


def read_address(text: str) -> Address:
    """Read an address.

    Raises:
        Misconfigured: it is none, or asks for what only libpq can do. Only names of options are
            quoted.
    """
    given = _split(text)
    host, user = given.get("host", "").strip("[]"), given.get("user")
    if not host or not user:
        raise Misconfigured(
            f"database.url: names no {'host' if user else 'user'}, which pg8000 needs",
            hint="write postgresql://user:password@host:5432/name",
        )
    if "," in host:
        raise Misconfigured("database.url: several hosts, of which pg8000 takes one", hint=_INSTEAD)
    return Address(
        host=host,
        port=_read_number(given, "port") or 5432,
        user=user,
        password=given.get("password"),
        database=given.get("dbname") or user,
        application_name=given.get("application_name"),
        connect_timeout_seconds=_read_number(given, "connect_timeout"),
        options=given.get("options"),
        ssl_mode=_read_ssl_mode(given),
        ssl_root_certificate=given.get("sslrootcert"),
    )


def _split(text: str) -> dict[str, str]:
    """Return what is given, by libpq's names."""
    found = _ADDRESS.fullmatch(text)
    if found is None or "\0" in unquote(text):
        raise _unreadable()
    parts = found.groupdict()
    query = parts.pop("query") or ""
    given = {name: unquote(value) for name, value in parts.items() if value}
    for pair in filter(None, query.split("&")):
        name, is_pair, value = pair.partition("=")
        if not is_pair or not re.fullmatch("[a-z_]+", name):
            raise _unreadable()
        if name not in OPTIONS:
            raise Misconfigured(
                f"database.url: option {name}: pg8000 does not take it", hint=_INSTEAD
            )
        given[name] = unquote(value)
    return given


def _unreadable() -> Misconfigured:
    return Misconfigured(
        "database.url: not an address that can be read for pg8000",
        hint="write postgresql://user:password@host:5432/name, with @, / and ? as %40, %2F and %3F",
    )


def _read_number(given: dict[str, str], name: str) -> int | None:
    text = given.get(name)
    if text is None:
        return None
    if not re.fullmatch("[0-9]{1,9}", text):
        raise Misconfigured(f"database.url: option {name}: not a whole number")
    number = int(text)
    if name == "port" and number > 65535:
        raise Misconfigured("database.url: option port: not a port")
    return number


def _read_ssl_mode(given: dict[str, str]) -> SslMode:
    """Return how the way is encrypted; certificates that are named are always looked at."""
    mode = next((m for m in get_args(SslMode) if m == given.get("sslmode", "prefer")), None)
    root = given.get("sslrootcert")
    if mode is None:
        raise Misconfigured(
            "database.url: option sslmode: not one that pg8000 takes",
            hint=f"write one of {', '.join(get_args(SslMode))}",
        )
    if root == SYSTEM_CERTIFICATES and mode != "verify-full":  # anybody can have one of those
        raise Misconfigured(
            "database.url: option sslrootcert: the machine's need sslmode=verify-full"
        )
    if root is not None and mode in ("disable", "prefer"):
        raise Misconfigured(
            f"database.url: option sslrootcert: is not looked at with sslmode={mode}",
            hint="write sslmode=verify-full, verify-ca or require",
        )
    # As in libpq, "for backward compatibility with earlier versions".
    return "verify-ca" if root is not None and mode == "require" else mode
