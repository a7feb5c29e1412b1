"""A process in which everything is imported, and which forks for each command that is run.

Hundreds of commands are run by tests, and nine tenths of what a short one does is importing. A fork
is a process like any other: it has standard streams, a folder, an environment and an exit status of
its own, and ends as the interpreter does. What it is not is new: that a command imports what it needs,
and no more, is tested with processes that are (``tests/unit/test_house.py``, ``test_consoles.py``).

This file is both ends. As a program it is given one descriptor, a socket, over which come single
bytes, each with five descriptors: the standard streams, what to run, and where to say what came of it.
The byte says whether an artifact will be built: two thirds of that is the same for every one.
"""

import functools
import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

DESCRIPTORS = 5
PLAIN, BUILDING = b".", b"b"
BUILDS = {"build", "deploy", "dev"}
OF_THE_INTERPRETER = ("PYTHON", "LC_", "LANG", "LD_")
"""How variables begin that are read when an interpreter starts."""


def concerns_the_start(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what a new interpreter would read before it runs anything."""
    return {k: v for k, v in environ.items() if k.startswith(OF_THE_INTERPRETER)}


class Prepared:
    """The process that forks, seen from outside; it ends when this one does."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = dict(environ)
        self._control, theirs = socket.socketpair()
        pipe = (
            subprocess.PIPE
        )  # as the commands' own streams: text over a file is buffered otherwise
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(theirs.fileno())],
            cwd="/", env=self.environ, pass_fds=[theirs.fileno()],
            stdin=pipe, stdout=pipe, stderr=pipe,
        )  # fmt: skip
        theirs.close()

    def close(self) -> None:
        """Let it end."""
        self._control.close()
        self._process.communicate()

    def run(
        self,
        command: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str],
        stdin: str,
        seconds: float,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command, as ``subprocess.run`` does with text and captured output.

        Raises:
            subprocess.TimeoutExpired: it took longer; it has been killed.
        """
        pipes = [os.pipe() for _ in range(DESCRIPTORS)]
        (given, to_given), (out, to_out), (err, to_err), (asked, to_asked), (said, to_said) = pipes
        theirs = [given, to_out, to_err, asked, to_said]
        kind = BUILDING if BUILDS & set(command[1:2]) else PLAIN
        socket.send_fds(self._control, [kind], theirs)
        for descriptor in theirs:
            os.close(descriptor)
        request = {"command": list(command), "cwd": str(cwd), "env": dict(env)}
        with os.fdopen(to_asked, "w") as file:
            json.dump(request, file)
        with ThreadPoolExecutor(3) as threads, os.fdopen(said) as sayings:
            threads.submit(_feed, to_given, stdin)
            streams = [threads.submit(_read, descriptor) for descriptor in (out, err)]
            process_id = int(sayings.readline())
            if not select.select([sayings], [], [], seconds)[0]:
                os.kill(process_id, signal.SIGKILL)
                raise subprocess.TimeoutExpired(command, seconds)
            status = int(sayings.readline())
        return subprocess.CompletedProcess(
            list(command), status, *(stream.result() for stream in streams)
        )


def _feed(descriptor: int, text: str) -> None:
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
    except BrokenPipeError:
        pass  # it did not want to hear the rest


def _read(descriptor: int) -> str:
    with os.fdopen(descriptor) as file:
        return file.read()


def import_everything() -> None:
    """Import what commands import, those that cannot be imported here left out."""
    import importlib
    import pkgutil

    import inkcre

    for found in pkgutil.walk_packages(inkcre.__path__, "inkcre."):
        if found.name.startswith(("inkcre.testing", "inkcre.edge.entry")):
            continue
        try:
            importlib.import_module(found.name)
        except ImportError:
            continue  # what only Workers have
    for name in ("alembic.command", "uvicorn", "sqlalchemy.dialects.postgresql.psycopg"):
        importlib.import_module(name)


@functools.cache
def shorten_packages() -> None:
    """Leave docstrings out of the packages of an artifact: what is left is remembered."""
    from inkcre.edge.artifact.lock import lock_file, read_lock
    from inkcre.edge.artifact.unused import prune
    from inkcre.edge.artifact.wheels import fetch_wheels, read_wheel
    from inkcre.edge.tools import tools_folder

    for wheel in fetch_wheels(
        read_lock(lock_file().read_text()), tools_folder() / "wheels"
    ).values():
        prune(read_wheel(wheel))
    gc.freeze()


def serve(control: socket.socket) -> None:
    """Fork for each command that is asked for, until nobody is left to ask."""
    waiting = 0
    while True:
        byte, descriptors, _, _ = socket.recv_fds(control, 1, DESCRIPTORS)
        while waiting and os.waitpid(-1, os.WNOHANG)[0]:
            waiting -= 1
        if not byte:
            return
        if byte == BUILDING:
            shorten_packages()
        if os.fork() == 0:
            control.close()
            _run_and_say(descriptors)
            return
        waiting += 1
        for descriptor in descriptors:
            os.close(descriptor)


def _run_and_say(descriptors: list[int]) -> None:
    process_id = os.fork()
    if process_id == 0:
        os.close(descriptors.pop())
        _become(descriptors)
        return
    for descriptor in descriptors[:-1]:
        os.close(descriptor)
    with os.fdopen(descriptors[-1], "w") as sayings:
        print(process_id, file=sayings, flush=True)
        _, status = os.waitpid(process_id, 0)
        print(os.waitstatus_to_exitcode(status), file=sayings)
    os._exit(0)


def _become(descriptors: list[int]) -> None:
    *streams, asked = descriptors
    with os.fdopen(asked) as file:
        request = json.load(file)
    for number, descriptor in enumerate(streams):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    time.tzset()
    sys.argv = request["command"]

    from inkcre.core import INKCRE

    INKCRE.cli()
    sys.exit()


if __name__ == "__main__":
    sys.path[0] = str(Path(sys.executable).parent)  # where the command lies
    import_everything()
    gc.freeze()  # at its end each fork would look through all of it, which takes half a second
    serve(socket.socket(fileno=int(sys.argv[1])))
