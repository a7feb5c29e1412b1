"""What may surround a test: somebody's base with files in it, settings of theirs, and a server that counts who calls."""

import hashlib
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cli.conftest import run_command

OLD_SECONDS = 7200
"""Old enough for a sweep to take a file that it does not know."""


class Listener:
    """A port of loopback that hangs up on whoever connects, and counts them."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.connections = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:  # closed
                return
            self.connections += 1
            connection.close()

    def close(self) -> None:
        """Stop."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


@contextmanager
def listening() -> Iterator[Listener]:
    """Return a listener until the end of the block."""
    listener = Listener()
    try:
        yield listener
    finally:
        listener.close()


def keep_base(folder: Path) -> None:
    """Make a real base in a folder by the command, with a file in it that has lain there a while."""
    (folder / "picture").write_bytes(b"my picture")
    done = run_command(folder, "files", "put", "picture")
    assert done.returncode == 0, done.stderr
    (folder / "picture").unlink()
    long_ago = time.time() - OLD_SECONDS
    kept = [path for path in (folder / "data" / "files").rglob("*") if path.is_file()]
    assert kept
    for path in kept:
        os.utime(path, (long_ago, long_ago))


def digest(folder: Path, *names: str) -> dict[str, str]:
    """Return every path below a folder, or below some names in it, with the digest of its bytes."""
    roots = [folder / name for name in names] or [folder]
    paths = [path for root in roots for path in (root, *root.rglob("*")) if path.exists()]
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        if path.is_file()
        else "folder"
        for path in paths
    }


def hostile_files(port: int) -> dict[str, str]:
    """Return the settings of a server, in every file that has some, all leading to a port."""
    s3 = f"kind = 's3'\nbucket = 'real-files'\nendpoint = 'http://127.0.0.1:{port}'\n"
    s3 += "access_key_id = 'id'\nsecret_access_key = 'secret'\n"
    dev = "target = 'process'\n[database]\nkind = 'postgres'\n"
    dev += f"url = 'postgresql://u@127.0.0.1:{port}/real'\n[storage]\n{s3}"
    return {
        ".env": f"INKCRE_APP__TITLE=real\nINKCRE_DATABASE__URL=postgresql://u@127.0.0.1:{port}/real\n",
        "inkcre.toml": f"profile = 'server'\n[app]\ntitle = 'real'\n[storage]\n{s3}"
        f"[profiles.dev.keyvalue]\nkind = 'database'\n",
        "profiles/dev.toml": dev,
        "secrets/INKCRE_STORAGE__SECRET_ACCESS_KEY": "secret",
        "secrets/INKCRE_DATABASE__URL": f"postgresql://u@127.0.0.1:{port}/real",
    }


def hostile_variables(port: int, folder: Path) -> dict[str, str]:
    """Return the variables of a server, all leading to a port."""
    here = f"http://127.0.0.1:{port}"
    return {
        "INKCRE_PROFILE": "server",
        "INKCRE_DATABASE__URL": f"postgresql://u@127.0.0.1:{port}/real",
        "INKCRE_STORAGE__ENDPOINT": here,
        "CREDENTIALS_DIRECTORY": str(folder / "secrets"),
        "PGHOST": "127.0.0.1",
        "PGPORT": str(port),
        "AWS_ENDPOINT_URL": here,
        "AWS_ACCESS_KEY_ID": "id",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "HTTP_PROXY": here,
        "http_proxy": here,
    }


def broken_files() -> dict[str, str]:
    """Return files in which everything is wrong: whoever reads one of them fails."""
    return {
        ".env": "INKCRE_NONSENSE=1\nno line\n",
        "inkcre.toml": "profile = 'gone'\n[[[",
        "profiles/dev.toml": "[[[",
        "secrets/INKCRE_NONSENSE": "1",
    }


def broken_variables(folder: Path) -> dict[str, str]:
    """Return variables of which each alone is an error."""
    return {
        "INKCRE_NONSENSE": "1",
        "INKCRE_CONFIG": "gone.toml",
        "INKCRE_PROFILE": "gone",
        "CF_WORKER": "true",
        "DB_CONN_STRING": "mysql://nowhere",
        "CREDENTIALS_DIRECTORY": str(folder / "secrets"),
    }


def lay_files(folder: Path, files: dict[str, str]) -> None:
    """Write files into a folder."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
