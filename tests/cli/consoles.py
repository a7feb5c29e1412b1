"""Plays the ``console`` blocks of a document, in order: a folder a page, a shell a block."""

import contextlib
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.cli.conftest import clean_environ
from tests.conftest import ROOT
from tests.postgres import find_installation, free_port

BLOCK = re.compile(r"^```(\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SERVES = re.compile(r"make run|(inkcre|links) run|uvicorn |http\.server ")
POLLED = re.compile(r"inkcre jobs list")
"""Tells what is done meanwhile, so it is asked until it says what is shown."""

WAIT_SECONDS = 60
VARYING = (
    r"\d{4}-\d\d-\d\d \d\d:\d\d",
    r"\b(?=[a-f]*\d)[0-9a-f]{12,}\b",
    r"[\d,]+ lines/s",
    r"\d+ ms",
    r"SQLite [\d.]+",
)
"""What is another each time or on each machine: moments, digests and ids, speed, versions."""


@dataclass(frozen=True)
class Step:
    """A command and the lines that a document shows below it; none: it shows nothing of them."""

    command: str
    shown: tuple[str, ...]

    def agrees(self, printed: str) -> bool:
        """Tell whether what was printed is what is shown: ``…`` is any text, or any lines."""
        lines = [r"(?:.*\n)*" if s == "…" else f"{_pattern(s)}\n" for s in self.shown]
        text = "".join(f"{_one_space(line)}\n" for line in printed.splitlines())
        return not self.shown or re.fullmatch("".join(lines), text.lstrip("\n")) is not None


def _one_space(line: str) -> str:
    return " ".join(line.split())


def _pattern(line: str) -> str:
    """Write a shown line as a regular expression."""
    parts = re.split(f"(…|{'|'.join(VARYING)})", _one_space(line))
    return "".join(
        re.escape(part) if number % 2 == 0 else _alike(part) for number, part in enumerate(parts)
    )


def _alike(part: str) -> str:
    return next((pattern for pattern in VARYING if re.fullmatch(pattern, part)), ".*")


def read_blocks(page: str, language: str) -> list[str]:
    """Return the blocks of a language that name no file."""
    return [body for named, body in BLOCK.findall(page) if named == language]


def read_steps(block: str) -> list[Step]:
    """Part a block into commands, each begun by ``$``, and what they print."""
    steps: list[Step] = []
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        lines = part.splitlines()
        size = next(n for n in range(1, len(lines) + 1) if _is_whole("\n".join(lines[:n])))
        steps.append(Step("\n".join(lines[:size]), tuple(lines[size:])))
    return steps


def _is_whole(command: str) -> bool:
    try:
        shlex.split(command, comments=True)
    except ValueError:  # a quotation goes on in the next line
        return False
    return True


@dataclass
class Player:
    """Runs the steps of one page in a folder, with servers beside them."""

    folder: Path
    replaced: dict[str, str] = field(default_factory=dict)
    """What a document calls something, and what it is here."""

    served: dict[str, str] = field(default_factory=dict)
    """Variables that servers of this project have, and other commands have not."""

    lent: dict[str, str] = field(default_factory=dict)
    """Variables that every command has."""

    _servers: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _exports: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._ports = {"8000": str(free_port()), "8001": str(free_port())}
        self._bin = self.folder.parent / f"{self.folder.name}-bin"
        self._bin.mkdir()
        programs = {
            "curl": f"{sys.executable} {ROOT / 'tests/cli/curl.py'}",
            "psql": str(find_installation() / "bin" / "psql"),
            "make": f"{shutil.which('make')} --old-file=.venv/.ready",
        }
        for name, program in programs.items():
            self.add_program(name, program)

    def add_program(self, name: str, program: str) -> None:
        """Let a command be another one here."""
        path = self._bin / name
        path.write_text(f'#!/bin/sh\nexec {program} "$@"\n')
        path.chmod(0o755)

    @property
    def url(self) -> str:
        """Return the address of what documents call http://127.0.0.1:8000."""
        return f"http://127.0.0.1:{self._ports['8000']}"

    def play(self, block: str) -> None:
        """Run a block; the first step that prints something else than is shown fails."""
        self._exports = []
        for step in read_steps(block):
            if re.match(r"(export|unset) ", step.command):
                self._exports.append(self._here(step.command))
            elif SERVES.search(step.command) and not step.shown:
                self.serve(step.command)
            else:
                self._check(step)

    def _check(self, step: Step) -> None:
        ends_at = time.monotonic() + (WAIT_SECONDS if POLLED.search(step.command) else 0)
        while True:
            done = subprocess.run(
                ["sh", "-c", self._script(step.command)], cwd=self.folder, env=self._environ(),
                capture_output=True, text=True, check=False, timeout=WAIT_SECONDS,
            )  # fmt: skip
            printed = self._there(done.stdout + done.stderr)
            is_wrong = "error[" in "".join(step.shown)
            if step.agrees(printed) and (done.returncode != 0) == is_wrong:
                return
            assert time.monotonic() < ends_at, f"$ {step.command}\n{printed}"
            time.sleep(0.2)

    def serve(self, command: str) -> None:
        """Start a server in the place of the one that has its port, and wait until it listens."""
        port = self._ports["8001" if "8001" in command else "8000"]
        self._stop(port)
        own = f" --port {port}" if "uvicorn" in command else ""
        with (self.folder.parent / f"{self.folder.name}-{port}.log").open("ab") as log:
            self._servers[port] = subprocess.Popen(
                ["sh", "-c", self._script(command.removesuffix(" &") + own)], cwd=self.folder,
                env=self._environ(INKCRE_HTTP__PORT=port, **self.served),
                stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        ends_at = time.monotonic() + WAIT_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", int(port)), 1).close()
                return
            except OSError:
                ended = self._servers[port].poll() is not None
                assert not ended, f"$ {command}\n{Path(log.name).read_text()}"
                assert time.monotonic() < ends_at, command
                time.sleep(0.05)

    def _stop(self, port: str) -> None:
        server = self._servers.pop(port, None)
        if server is not None:
            with contextlib.suppress(ProcessLookupError):  # it has ended by itself
                os.killpg(server.pid, signal.SIGTERM)
            server.wait(WAIT_SECONDS)

    def close(self) -> None:
        """Stop the servers."""
        for port in list(self._servers):
            self._stop(port)

    def _script(self, command: str) -> str:
        return "\n".join((*self._exports, self._here(command)))

    def _environ(self, **more: str) -> dict[str, str]:
        path = f"{self._bin}:{Path(sys.executable).parent}:{os.environ['PATH']}"
        return clean_environ(PATH=path, **self.lent, **more)

    def _here(self, text: str) -> str:
        for name, real in {**self.replaced, **self._ports}.items():
            text = text.replace(name, real)
        return text

    def _there(self, text: str) -> str:
        for port, real in self._ports.items():
            text = text.replace(f":{real}", f":{port}")
        return text
