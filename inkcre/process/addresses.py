"""Where a process listens: at a host and a port, at a path, or at a socket that it was handed."""

import errno
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from inkcre.errors import OperatorError
from inkcre.sections.http import HttpSettings

BACKLOG = 2048
"""As many as uvicorn lets wait."""

PATH, DESCRIPTOR = "unix:", "fd:"
"""How an address begins that is a path, or the number of a descriptor."""

EVERYBODY = 0o666
"""Who may connect at a path: as at a port of this machine, everybody on it who can get there."""


class CannotListen(OperatorError):
    """Tell that the address to listen on cannot be had."""

    code = "cannot_listen"


@contextmanager
def listening(http: HttpSettings) -> Iterator[socket.socket]:
    """Take the address that settings name, until the end of the block.

    Raises:
        CannotListen: it is taken, or is none of this machine's.
    """
    if http.host.startswith(PATH):
        path = Path(http.host.removeprefix(PATH))
        with _listen_at_path(path) as listener:
            made = path.stat().st_ino
            try:
                yield listener
            finally:
                if path.exists() and path.stat().st_ino == made:  # and not of who came after
                    path.unlink()
    elif http.host.startswith(DESCRIPTOR):
        with _take_over(http.host.removeprefix(DESCRIPTOR)) as listener:
            yield listener
    else:
        with _listen_at_port(http.host.strip("[]"), http.port) as listener:
            yield listener


def describe(listener: socket.socket) -> str:
    """Return where somebody listens, as a log says it."""
    name = listener.getsockname()
    if listener.family == socket.AF_UNIX:
        return f"{PATH}{name}"
    host, port = name[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _listen_at_port(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server(
            ("" if host == "*" else host, port), family=family, backlog=BACKLOG
        )
    except OSError as error:
        is_unknown = (error.errno or -1) < 0  # as getaddrinfo(3) has it
        reason = "no such address" if is_unknown else (error.strerror or "cannot be had").lower()
        # Python tells it of a host and a port that are in its message already.
        reason = reason.partition(" (while attempting")[0]
        shown = f"[{host}]" if ":" in host else host
        raise CannotListen(
            f"http://{shown}:{port}: {reason}", hint=_remedy(error, port, is_unknown=is_unknown)
        ) from error


def _remedy(error: OSError, port: int, *, is_unknown: bool) -> str:
    if is_unknown or error.errno == errno.EADDRNOTAVAIL:
        return "http.host is an address of this machine: 127.0.0.1, or 0.0.0.0 for all it has"
    if error.errno == errno.EACCES:
        return "ports below 1024 need rights; try another, for example --port 8000"
    return f"try another, for example --port {min(port + 1, 65535)}"


def _listen_at_path(path: Path) -> socket.socket:
    """Listen at a path, in the place of a socket that nobody listens at any more."""
    listener = socket.socket(socket.AF_UNIX)
    try:
        _require_free(path)
        listener.bind(str(path))
        path.chmod(EVERYBODY)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        reason = (error.strerror or str(error)).lower()  # a path that is too long has no strerror
        hint = "name a path of 100 bytes at most, in a folder that you may write to"
        raise CannotListen(f"{PATH}{path}: {reason}", hint=hint) from error
    except CannotListen:
        listener.close()
        raise
    return listener


def _require_free(path: Path) -> None:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise CannotListen(f"{PATH}{path}: is there, and no socket", hint="name another path")
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
    raise CannotListen(f"{PATH}{path}: address already in use", hint="name another path")


def _take_over(number: str) -> socket.socket:
    """Take a socket that whoever started this process listens at, such as systemd.

    https://www.freedesktop.org/software/systemd/man/latest/sd_listen_fds.html
    """
    try:
        listener = socket.socket(fileno=os.dup(int(number)))
        if listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            return listener
        listener.close()
        reason = "is a socket that does not listen"
    except (OSError, ValueError, OverflowError):
        reason = "is no socket of this process"
    raise CannotListen(
        f"{DESCRIPTOR}{number}: {reason}",
        hint="the first that systemd hands over is fd:3; else name a host and a port",
    )
