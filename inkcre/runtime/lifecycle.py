"""What lives how long: the process, which starts and stops, or an invocation.

On Workers a start and a stop happen around every request, so there neither does anything.
"""

import logging
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import (
    AbstractContextManager,
    AsyncExitStack,
    asynccontextmanager,
    contextmanager,
    nullcontext,
)
from dataclasses import dataclass
from typing import TYPE_CHECKING

from anyio import to_thread

from inkcre.assembly.adapters import load_adapter
from inkcre.assembly.assembly import (
    Bindings,
    build_components,
    build_scheduler,
    build_storage,
    build_tenure,
    require_capabilities,
)
from inkcre.assembly.clocks import ServerTime
from inkcre.context import Components
from inkcre.errors import InkcreError, OperatorError, SchemaBehind, SurroundingsError
from inkcre.jobs.due import Due
from inkcre.jobs.kinds import Kinds
from inkcre.ports.clock import Clock
from inkcre.ports.database import Database, wake_nobody
from inkcre.ports.storage import InFolder, Standing, Storage, Tenure
from inkcre.runtime.logs import logging_as_guest
from inkcre.sections.settings import Settings
from inkcre.settings.origins import TomlOrigin
from inkcre.settings.profiles import package_profiles
from inkcre.sql import schema
from inkcre.sql.lines import lines_of

if TYPE_CHECKING:
    from inkcre.runtime.pulse import Pulse

logger = logging.getLogger("inkcre")


@dataclass(frozen=True)
class Custody:
    """How a base knows its own storage: what only the base can tell, and a process has to ask."""

    look: Callable[[Database, Storage, Tenure], Standing]
    """Look how the base stands to the storage, claim it where nobody need be asked, remember it."""

    owns: Callable[[Database, Storage], bool]
    """Tell whether the storage is the base's, or is nobody's and has files that the base names."""

    notice: Callable[[Database, Storage, Tenure], list[InkcreError]]
    """Return what is to be told of the storage, as it was when it was last looked at."""

    judge: Callable[[Database, Storage], Standing]
    """Tell how the base stands to the storage; claim nothing, remember nothing."""

    is_somebodys: Callable[[Storage], bool]
    """Tell whether some base has claimed the storage, without asking the database."""

    refuse: Callable[[Standing], InkcreError]
    """Make the error that refuses to start with a storage that is another base's."""


def find_custody(components: Components) -> Custody | None:
    """Return how the application knows its own files; None where it has none to look after."""
    return components.application.load_custody(Custody)


@dataclass(frozen=True)
class Work:
    """What a process works through besides requests."""

    kinds: Kinds
    woken: threading.Event
    """Set when there may be a job."""

    pulse: "Pulse | None" = None
    """Told of each tick, where a thread of this process ticks."""

    on_tick: Callable[[Due], None] | None = None
    on_refusal: Callable[[OperatorError], None] | None = None
    """Told, in a thread, what forbids to serve when that is found after the start."""


LOOK_SECONDS = 300
"""How long a process goes by what it has seen of its storage."""

RETRY_SECONDS = 1
"""The pace of looking for a database that was away at the start."""


Provide = Callable[[Bindings], AbstractContextManager[Components]]
"""Gives an invocation its components, out of the bindings that it was lent."""


def provide_components(
    settings: Settings,
    *,
    clock: Clock | None = None,
    wake: Callable[[], None] = wake_nobody,
) -> tuple[Components | None, Provide]:
    """Build the components that live as long as the process, if they do, and their provider.

    Raises:
        Unsupported: this version, or this installation, has no such adapter; or it cannot do what
            is needed.
        Misconfigured: an adapter cannot make sense of its section.
    """
    # All, though some are built for each request only: what is missing is found at the start.
    for port in ("database", "storage", "keyvalue", "web"):
        load_adapter(settings.application, port, getattr(settings, port).kind)
    require_capabilities(settings)
    # As long as the process, or the isolate.
    tenure, time_ = build_tenure(settings), ServerTime()
    if load_adapter(settings.application, "database", settings.database.kind).lifetime == "process":
        kept = build_components(settings, clock=clock, wake=wake, tenure=tenure)
        lent = nullcontext(kept)
        return kept, lambda _: lent

    @contextmanager
    def build(bindings: Bindings) -> Iterator[Components]:
        built = build_components(
            settings, bindings=bindings, clock=clock, tenure=tenure, server_time=time_
        )
        try:
            yield built
        finally:
            built.database.close()

    return None, build


@asynccontextmanager
async def running(
    settings: Settings, components: Components | None, work: Work
) -> AsyncIterator[None]:
    """Prepare a process, let it tick and run jobs, and clear up behind it.

    Raises:
        SchemaBehind: the database's schema is not the one that is needed; nothing was served, and
            no connection is left open.
    """
    if components is None:
        yield
        return
    # Here: a Worker has no threads, and need not load what is theirs.
    from inkcre.runtime.threads import having_threads

    # More threads do not raise the rate, and lengthen the tail: at 16 connections the 99th
    # percentile was 13 ms with one thread, 33 ms with anyio's 40.
    # Threads of our own: the default ones of the loop are those of whoever has mounted this.
    number = settings.http.worker_threads
    async with AsyncExitStack() as ending:
        ending.enter_context(logging_as_guest(settings.logging))
        # First, so that a start that is refused further down leaves no connection either.
        ending.push_async_callback(to_thread.run_sync, components.database.close)
        # Where one writes at a time.
        patience = getattr(settings.database, "busy_timeout_seconds", None)
        owner = components.database
        await ending.enter_async_context(having_threads(number, patience, of=owner))
        if not await to_thread.run_sync(prepare_database, settings, components):
            ending.callback(_start_waiting(settings, components, work))
        elif components.tenure.standing is None:
            await to_thread.run_sync(prepare_storage, components)
        ending.push_async_callback(to_thread.run_sync, _start_work(settings, components, work))
        yield


def _start_work(settings: Settings, components: Components, work: Work) -> Callable[[], None]:
    """Start the scheduler, and threads for jobs if it is in this process; give what stops both."""
    scheduler = build_scheduler(settings)
    if not scheduler.capabilities.is_in_process:
        return scheduler.stop
    # Here: a Worker has no threads, and its artifact lacks this module.
    from inkcre.jobs.threads import JobThreads

    threads = JobThreads(
        components,
        work.kinds,
        number=getattr(settings.scheduler, "jobs", 1),
        woken=work.woken,
        on_tick=work.on_tick,
    )

    pulse = work.pulse

    def tick() -> None:
        if pulse:
            pulse.beat()
        threads.tick()
        if time.monotonic() - components.tenure.looked_at > LOOK_SECONDS:
            prepare_storage(components)

    threads.start()
    if pulse:
        pulse.beat()
    scheduler.start(tick)

    def stop() -> None:
        if pulse:
            pulse.end()
        scheduler.stop()
        threads.stop()

    return stop


def require_database(settings: Settings, components: Components) -> None:
    """Bring the schema up to date where the settings say so, and refuse to go on when it is not.

    Raises:
        SchemaBehind: it is not; the hint is the command to run.
        SurroundingsError: the database does not answer.
    """
    lines = lines_of(components.application)
    if getattr(settings.database, "migrate_on_start", False):
        kept = schema.migrate(components.database, lines)
        if kept:
            logger.info("the schema was brought up to date; the base of before is kept as %s", kept)
    schema.require_head(components.database, lines)
    keep_former_folder(settings, components)


FORMER_FOLDER = "files"
"""Beside the folder that the packaged profile ``server`` names now: the one that it named before,
and that profile ``dev`` names still."""


def keep_former_folder(settings: Settings, components: Components) -> None:
    """Go on with the files that a base of profile ``server`` has from before, where they are.

    Only where nobody has chosen a folder, the new one is not there, and the former one is the
    base's own: claimed by it, or by nobody while files that it names are there.
    """
    storage = components.storage
    origin = settings.origins.of(("storage", "path"))
    path = origin.document.path if isinstance(origin, TomlOrigin) else None
    if not isinstance(storage, InFolder) or path != package_profiles() / "server.toml":
        return
    former = storage.folder.with_name(FORMER_FOLDER)
    if storage.folder == former or storage.folder.exists() or not former.exists():
        return
    other = build_storage(settings)
    assert isinstance(other, InFolder)
    other.use(former)
    custody = find_custody(components)
    if custody and custody.owns(components.database, other):
        storage.use(former)


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


def prepare_storage(components: Components) -> Standing | None:
    """Look whose the storage is, and say so in the log; wait for nobody, and refuse nothing.

    None where it could not be looked at: whoever writes to it first will look.
    """
    custody = find_custody(components)
    if custody is None:
        return None
    try:
        return custody.look(components.database, components.storage, components.tenure)
    except (SurroundingsError, SchemaBehind) as error:
        components.tenure.looked_at = time.monotonic()
        logger.warning("%s; the storage is looked at when it is first written to", error)
        return None


def _start_waiting(settings: Settings, components: Components, work: Work) -> Callable[[], None]:
    """Look again until the database answers, in a thread; return what ends that."""
    ended = threading.Event()
    # A daemon: what a database that is away is asked may take longer than a stop.
    threading.Thread(
        target=_wait_for_database,
        args=(settings, components, work, ended),
        name="inkcre-waiting",
        daemon=True,
    ).start()
    return ended.set


def _wait_for_database(
    settings: Settings, components: Components, work: Work, ended: threading.Event
) -> None:
    """Look again until the database answers, and say so if its schema is behind then.

    What is to come of that, whoever serves decides: the process may be somebody else's.
    """
    while not ended.wait(RETRY_SECONDS):
        try:
            require_database(settings, components)
        except SurroundingsError:
            continue
        except SchemaBehind as error:
            logger.critical("%s; answering 503 until it is: %s", error, error.hint)
            if work.on_refusal:
                work.on_refusal(error)
        else:
            prepare_storage(components)
        return
