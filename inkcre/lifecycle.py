"""What happens when a process starts and stops.

On Workers both happen around every request, so there nothing does.
"""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anyio import to_thread

from inkcre import schema
from inkcre.errors import SchemaBehind, SurroundingsError
from inkcre.ports.components import Components
from inkcre.settings.model import Settings

logger = logging.getLogger("inkcre")

RETRY_SECONDS = 1
"""The pace of looking for a database that was away at the start."""


@asynccontextmanager
async def running(settings: Settings, components: Components) -> AsyncIterator[None]:
    """Prepare a process, and clear up behind it.

    Raises:
        SchemaBehind: the database's schema is not the one that is needed; nothing was served.
    """
    if settings.target == "workers":
        yield
        return
    to_thread.current_default_thread_limiter().total_tokens = settings.http.worker_threads
    is_ready = await to_thread.run_sync(prepare_database, settings, components)
    watching = None if is_ready else asyncio.create_task(_wait_for_database(settings, components))
    try:
        yield
    finally:
        if watching:
            watching.cancel()
        await to_thread.run_sync(components.database.close)


def require_database(settings: Settings, components: Components) -> None:
    """Bring the schema up to date where the settings say so, and refuse to go on when it is not.

    Raises:
        SchemaBehind: it is not; the hint is the command to run.
        SurroundingsError: the database does not answer.
    """
    if getattr(settings.database, "migrate_on_start", False):
        schema.migrate(components.database)
    schema.require_head(components.database)


def prepare_database(settings: Settings, components: Components) -> bool:
    """Do what ``require_database`` does, but wait for nobody; tell whether it could be done.

    A database that does not answer yet is no reason to refuse: ``/readyz`` says so until it does.
    """
    try:
        require_database(settings, components)
    except SurroundingsError as error:
        logger.warning("%s; answering 503 until it does", error)
        return False
    return True


async def _wait_for_database(settings: Settings, components: Components) -> None:
    """Look again until the database answers; stop the process if its schema is behind then."""
    while True:
        await asyncio.sleep(RETRY_SECONDS)
        try:
            await to_thread.run_sync(require_database, settings, components)
        except SurroundingsError:
            continue
        except SchemaBehind as error:
            logger.critical("%s; %s. Stopping", error, error.hint)
            signal.raise_signal(signal.SIGTERM)
        return
