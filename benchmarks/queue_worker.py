"""One process that works through a queue; run by benchmarks.queueing.

usage: python -m benchmarks.queue_worker ours|procrastinate DATABASE_URL

Says "ready", waits for a line, works until nothing is left, says "done".
"""

import asyncio
import sys
import threading
import time

import procrastinate

from inkcre.assembly.assembly import build_components
from inkcre.jobs.jobs import find_oldest_claimable
from inkcre.jobs.kinds import JobKind, Kinds, NoPayload, RunningJob
from inkcre.jobs.threads import JobThreads
from inkcre.sections.schema import load_settings

AT_A_TIME = 4
WORK = "work"
PROCRASTINATE = "benchmarks.noop"


async def noop() -> None:
    """Do nothing, as a task."""


def do_nothing(_: RunningJob, __: NoPayload) -> None:
    """Do nothing, as a job."""


def work_ours(url: str) -> None:
    overrides = {"database.url": url, "http.host": "127.0.0.1", "storage.kind": "memory"}
    context = build_components(load_settings("server", overrides=overrides, environ={}))
    context.database.ping()
    kinds = Kinds.of(JobKind(WORK, NoPayload, do_nothing))
    threads = JobThreads(context, kinds, number=AT_A_TIME, woken=threading.Event())
    threads.start()
    wait_for_go()
    threads.tick()
    while find_oldest_claimable(context.database, context.clock()) is not None:
        time.sleep(0.02)
    threads.stop()
    print("done", flush=True)
    context.database.close()


async def work_theirs(url: str) -> None:
    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=url))
    app.task(name=PROCRASTINATE)(noop)
    async with app.open_async():
        wait_for_go()
        await app.run_worker_async(concurrency=AT_A_TIME, wait=False, install_signal_handlers=False)
        print("done", flush=True)


def wait_for_go() -> None:
    print("ready", flush=True)
    assert sys.stdin.readline() == "go\n"


def main() -> None:
    side, url = sys.argv[1:]
    if side == "ours":
        work_ours(url)
    else:
        asyncio.run(work_theirs(url))


if __name__ == "__main__":
    main()
