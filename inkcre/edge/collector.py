"""Garbage, collected when it hurts nobody.

CPython's automatic collection looks at the frames of suspended tasks, which Pyodide has moved
away: the isolate dies with ``memory access out of bounds`` once requests overlap. A full
collection that is asked for does not take that path.
Symptom and cause: https://github.com/pyodide/pyodide/issues/6464. When that is closed and the
runtime has it, this module can go.
"""

import asyncio
import gc

from inkcre.javascript import JsProxy

ALLOCATIONS = 10_000
"""How many more containers than were freed call for a collection. Measured with 64 requests in
flight: 1,000 would spend ten times the time (0.5 ms a request), 50,000 would stop everybody for
twice as long at once (36 ms), and without any the heap grows by 5 KiB a request."""


def take_over() -> None:
    """Turn automatic collection off, and set what there is aside: it lives as long as we do."""
    gc.disable()
    gc.collect()
    gc.freeze()


def is_due() -> bool:
    """Tell whether so much has piled up that a collection is worth its time.

    The youngest generation's count goes up with every container that is made and down with every
    one that is freed: what it counts is in use, or can be freed by a collection only.
    """
    return gc.get_count()[0] >= ALLOCATIONS


def collect_behind(context: JsProxy) -> None:
    """Collect, if it is due, once the response is on its way.

    Args:
        context: the invocation's, whose ``waitUntil`` keeps it going after its response:
            https://developers.cloudflare.com/workers/runtime-apis/context/#waituntil
    """
    if not is_due():
        return
    from pyodide.ffi import create_proxy

    task = asyncio.ensure_future(_collect())
    proxy = create_proxy(task)  # else JavaScript holds a promise that Python has taken away
    task.add_done_callback(lambda _: proxy.destroy())
    context.waitUntil(proxy)


async def _collect() -> None:
    gc.collect()
