"""The built artifact, served on loopback by harness.mjs."""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from inkcre.edge.local.node import FLAGS, HERE, install_modules, node_environment, node_program
from inkcre.errors import Unavailable


@dataclass(frozen=True)
class HarnessOptions:
    """What the harness is told."""

    artifact: Path
    port: int = 0
    """On loopback; 0 takes a free one."""

    hyperdrive: Mapping[str, str] = field(default_factory=dict)
    """The PostgreSQL in the place of each Hyperdrive binding: an address by the binding's name."""

    state: Path | None = None
    """Where KV, R2 and D1 are kept, laid out as wrangler does; None: in memory."""

    bytecode: Path | None = None
    """A folder of this artifact's own where its modules are kept compiled; None: by each start."""

    variables: Mapping[str, object] = field(default_factory=dict)
    """Further variables and secrets of the Worker."""

    control: bool = False
    """Whether tests may fire the Cron Trigger and look inside, under ``/__harness/``."""


class Harness:
    """A running harness. It stops when it is closed, and when this process ends."""

    def __init__(self, options: HarnessOptions, log: Path | None = None) -> None:
        """Start one, and do not wait for it.

        Raises:
            Unsupported: Node is not installed.
            Unavailable: npm cannot fetch what it needs.
        """
        config = {
            "artifact": str(options.artifact.absolute()),
            "modules": str(install_modules()),
            "port": options.port,
            "hyperdrive": dict(options.hyperdrive),
            "state": str(options.state.absolute()) if options.state else None,
            "bytecode": str(options.bytecode.absolute()) if options.bytecode else None,
            "vars": dict(options.variables),
            "control": options.control,
        }
        # Handed over in a file that is gone at the end: it may hold secrets.
        handle, name = tempfile.mkstemp(suffix=".json")
        self._config = Path(name)
        with os.fdopen(handle, "w") as file:
            json.dump(config, file)
        self._log = log.open("ab") if log else None
        self._process = subprocess.Popen(  # noqa: S603 - no shell
            [str(node_program()), *FLAGS, str(HERE / "harness.mjs"), name],
            # The harness ends when its input does, so also when this process is killed.
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            cwd=HERE,
            env=node_environment(),
            text=True,
        )
        self._started: dict[str, object] | None = None

    def wait_until_ready(self) -> str:
        """Wait until it answers; give its base URL.

        Raises:
            Unavailable: it ended before that; its standard error says why.
        """
        if self._started is None:
            assert self._process.stdout is not None
            for line in self._process.stdout:
                if line.startswith("{"):
                    self._started = json.loads(line)
                    break
            else:
                self.close()
                raise Unavailable("the harness ended before it answered", hint="read what it wrote")
        return f"http://127.0.0.1:{self._started['port']}"

    @property
    def process_id(self) -> int:
        """The process, for those who measure it."""
        return self._process.pid

    def is_alive(self) -> bool:
        """Tell whether it still runs."""
        return self._process.poll() is None

    def wait(self, seconds: float | None = None) -> int:
        """Wait until it ends, at most so long; give its exit status."""
        return self._process.wait(seconds)

    def close(self) -> None:
        """Stop it."""
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._config.unlink(missing_ok=True)
        for stream in (self._process.stdin, self._process.stdout, self._log):
            if stream is not None:
                stream.close()


@contextmanager
def serve_artifact(options: HarnessOptions, log: Path | None = None) -> Iterator[str]:
    """Serve an artifact; give its base URL."""
    harness = Harness(options, log)
    try:
        yield harness.wait_until_ready()
    finally:
        harness.close()
