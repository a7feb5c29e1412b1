"""Serving the artifact to its developer: on Cloudflare's own runtime, or on Node's Pyodide."""

import socket
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

from inkcre.edge.local.harness import Harness, HarnessOptions
from inkcre.edge.local.node import node_environment, wrangler_command
from inkcre.errors import OperatorError

Runtime = Literal["auto", "wrangler", "node"]

NO_RUNTIME = "Request for Pyodide bundle failed"
"""What wrangler says when Python's runtime, which it fetches anew, cannot be had."""


class CannotServe(OperatorError):
    """Tell that the artifact cannot be served here."""

    code = "cannot_serve"


def require_free(port: int) -> None:
    """Raise if somebody listens on a port of loopback.

    Raises:
        CannotServe: somebody does.
    """
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError as error:
        raise CannotServe(
            f"http://127.0.0.1:{port}: {(error.strerror or 'cannot be had').lower()}",
            hint="name another with --port",
        ) from error


def serve_locally(
    artifact: Path,
    *,
    runtime: Runtime,
    port: int,
    hyperdrive: Mapping[str, str],
    say: Callable[[str], None],
) -> int:
    """Serve an artifact until interrupted; give the exit status.

    Args:
        artifact: the folder; what is local is kept in ``.wrangler`` in it.
        runtime: which; ``auto`` is wrangler's unless its runtime cannot be had.
        port: on loopback; 0 takes a free one.
        hyperdrive: the PostgreSQL in the place of each Hyperdrive binding.
        say: takes a line for the developer.

    Raises:
        CannotServe: wrangler's runtime was asked for and cannot be had.
    """
    if runtime != "node":
        status = _serve_with_wrangler(artifact, port, hyperdrive, say)
        if status is not None:
            return status
        if runtime == "wrangler":
            raise CannotServe(
                "wrangler: Python's runtime cannot be fetched from here",
                hint="serve with --runtime node",
            )
        say("wrangler's runtime cannot be fetched from here; serving with Pyodide on Node instead")
    options = HarnessOptions(
        artifact, port=port, hyperdrive=hyperdrive, state=artifact / ".wrangler" / "state"
    )
    harness = Harness(options)
    try:
        say(f"serving {artifact} on {harness.wait_until_ready()} (Ctrl-C stops it)")
        return harness.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        harness.close()


def _serve_with_wrangler(
    artifact: Path, port: int, hyperdrive: Mapping[str, str], say: Callable[[str], None]
) -> int | None:
    """Run ``wrangler dev``; None when its runtime cannot be had."""
    prefix = "CLOUDFLARE_HYPERDRIVE_LOCAL_CONNECTION_STRING_"
    lent = {f"{prefix}{name}": url for name, url in hyperdrive.items()}
    process = subprocess.Popen(  # noqa: S603 - no shell
        wrangler_command("dev", "--ip", "127.0.0.1", "--port", str(port)),
        cwd=artifact,
        env={**node_environment(), **lent},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    held: list[str] = []
    try:
        for line in process.stdout:
            if NO_RUNTIME in line:
                return None
            held.append(line.rstrip())
            # Shown once it is known that there is something to show.
            if "Ready on" in line or len(held) > 2000:
                for ready in held:
                    say(ready)
                held.clear()
        for line in held:
            say(line)
        return process.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        process.terminate()
        process.wait()
