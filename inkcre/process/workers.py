"""Serving in several processes, which take turns at one address."""

import logging
import multiprocessing
import signal
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from socket import socket

from inkcre.errors import EX_CONFIG, InkcreError, OperatorError
from inkcre.process.addresses import listening
from inkcre.process.serve import require_own_target, serve_at
from inkcre.runtime.logs import configure_logging
from inkcre.sections.settings import Settings

logger = logging.getLogger("inkcre")

PAUSE_SECONDS = 1.0
"""Before another takes the place of a process that ended: one that cannot start is not a storm."""


class CannotShare(OperatorError):
    """Tell that what the settings name is for one process alone."""

    code = "cannot_share"


def serve_in_processes(settings: Settings, number: int) -> None:
    """Serve in some processes until interrupted; one that ends by itself is replaced.

    Each of them is as a replica of its own: it has a pool of connections and ticks.

    Raises:
        WrongTarget: the profile is for Cloudflare Workers.
        CannotShare: the database, the files or the small values are one process's.
        CannotListen: the address is taken, or is not this machine's.
        SystemExit: one of them was refused by what the settings name.
    """
    require_own_target(settings)
    _require_shared(settings)
    configure_logging(settings.logging)
    # Forked before anything has threads or connections: the settings are there, and the address.
    fork = multiprocessing.get_context("fork")
    with listening(settings.http) as listener:
        _supervise(lambda: fork.Process(target=_work, args=(settings, listener)), number)


def _require_shared(settings: Settings) -> None:
    alone = {"database": ("sqlite",), "storage": ("memory",), "keyvalue": ("memory",)}
    for port, kinds in alone.items():
        kind = getattr(settings, port).kind
        if kind in kinds:
            raise CannotShare(
                f'{port}.kind: "{kind}" is for one process alone',
                hint="leave --workers out, or choose a profile such as server",
            )


def _supervise(make: Callable[[], BaseProcess], number: int) -> None:
    children = [make() for _ in range(number)]
    is_ending = False

    def end(*_: object) -> None:
        nonlocal is_ending
        is_ending = True
        for child in children:
            if child.pid:
                child.terminate()

    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, end)
    for child in children:
        child.start()
    statuses: set[int | None] = set()
    while children:
        child = _wait_for_one(children)
        statuses.add(child.exitcode)
        if child.exitcode == EX_CONFIG:
            end()
        elif not is_ending:
            logger.error("process %s ended with %s; another begins", child.pid, child.exitcode)
            time.sleep(PAUSE_SECONDS)
            children.append(make())
            children[-1].start()
    if EX_CONFIG in statuses:
        sys.exit(EX_CONFIG)


def _wait_for_one(children: list[BaseProcess]) -> BaseProcess:
    """Wait until one ends, and take it from the list."""
    ended = wait([child.sentinel for child in children])
    child = next(child for child in children if child.sentinel in ended)
    child.join()
    children.remove(child)
    return child


def _work(settings: Settings, listener: socket) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        serve_at(settings, listener)
    except InkcreError as error:
        hint = f" ({error.hint})" if error.hint else ""
        logger.error("%s: %s%s", error.code, error.message, hint)  # noqa: TRY400 - no stack trace
        sys.exit(error.exit_status)
