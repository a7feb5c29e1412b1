"""What a process tells Prometheus: https://prometheus.io/docs/instrumenting/exposition_formats/."""

import threading
import time
from bisect import bisect_left
from collections.abc import Iterator
from functools import cached_property
from importlib.util import find_spec
from itertools import accumulate
from typing import TYPE_CHECKING

from inkcre.context import Components
from inkcre.errors import InkcreError
from inkcre.jobs.due import Due
from inkcre.jobs.jobs import count_jobs, find_oldest_claimable
from inkcre.ports.clock import MeasuredClock
from inkcre.ports.database import Pooled
from inkcre.sections.settings import Settings

if TYPE_CHECKING:
    from prometheus_client.core import CollectorRegistry, GaugeMetricFamily, Metric

    from inkcre.runtime.pulse import Pulse

BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
"""Seconds up to which requests are told apart: those of prometheus-client."""


class Metrics:
    """The numbers of one application."""

    def __init__(self, components: Components, pulse: "Pulse | None") -> None:
        requests, ticks = Requests(), Ticks(pulse)
        self._collectors = (requests, ticks, _Database(components))
        self.observe_request = requests.observe
        self.observe_tick = ticks.observe

    @cached_property
    def _registry(self) -> "CollectorRegistry":
        # When somebody looks: prometheus-client took a fortieth of each start. Not its global one:
        # two applications in a process would bring the same names.
        from prometheus_client import CollectorRegistry, ProcessCollector

        registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        for collector in self._collectors:
            registry.register(collector)
        return registry

    def render(self) -> bytes:
        """Write everything in Prometheus' text format."""
        from prometheus_client import generate_latest

        return generate_latest(self._registry)


class _Route:
    """How long the requests of a route took."""

    __slots__ = ("began", "numbers", "seconds")

    def __init__(self) -> None:
        self.began = time.time()
        self.numbers = [0] * (len(BOUNDS) + 1)
        self.seconds = 0.0


class _Count:
    """Requests of one method, route and status."""

    __slots__ = ("began", "number", "route")

    def __init__(self, route: _Route) -> None:
        self.began = time.time()
        self.number = 0
        self.route = route


class Requests:
    """Requests by method, route and status, and by route how long they took.

    Counted by hand in the thread of the event loop, and made into what prometheus-client would have
    kept when somebody looks: its own counter and histogram took a thirtieth of each request.
    """

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str, int], _Count] = {}
        self._routes: dict[str, _Route] = {}

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request."""
        count = self._counts.get((method, route, status))
        if count is None:
            kept = self._routes.setdefault(route, _Route())
            count = self._counts[method, route, status] = _Count(kept)
        count.number += 1
        count.route.seconds += seconds
        count.route.numbers[bisect_left(BOUNDS, seconds)] += 1

    def collect(self) -> Iterator["Metric"]:
        """Yield the counter and the histogram."""
        yield self._collect_counts()
        yield self._collect_seconds()

    def _collect_counts(self) -> "Metric":
        from prometheus_client.core import CounterMetricFamily

        labels = ("method", "route", "status")
        requests = CounterMetricFamily(
            "inkcre_http_requests", "Requests that were answered.", labels=labels
        )
        # A copy, here and below: requests are counted meanwhile.
        for (method, route, status), count in list(self._counts.items()):
            requests.add_metric((method, route, str(status)), count.number, count.began)
        return requests

    def _collect_seconds(self) -> "Metric":
        from prometheus_client.core import Metric

        name = "inkcre_http_request_seconds"
        took = Metric(name, "How long requests took.", "histogram")
        bounds = [*map(str, BOUNDS), "+Inf"]
        for path, route in list(self._routes.items()):
            labels = {"route": path}
            numbers = list(accumulate(route.numbers))
            for bound, number in zip(bounds, numbers, strict=True):
                took.add_sample(f"{name}_bucket", {**labels, "le": bound}, number)
            took.add_sample(f"{name}_count", labels, numbers[-1])
            took.add_sample(f"{name}_sum", labels, route.seconds)
            took.add_sample(f"{name}_created", labels, route.began)
        return took


class Ticks:
    """How many ticks there were, and how late the last one was, or the next one is."""

    def __init__(self, pulse: "Pulse | None" = None) -> None:
        self._pulse = pulse
        self._lock = threading.Lock()
        self._began = time.time()
        self._number = 0
        self._lag_seconds = 0.0

    def observe(self, due: Due) -> None:
        """Count a tick."""
        with self._lock:
            self._number += 1
            self._lag_seconds = due.lag_seconds

    def collect(self) -> Iterator["Metric"]:
        """Yield the lag and the counter."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        # A tick that does not come has no lag of its own, and all that is due waits for it.
        overdue = self._pulse.overdue_seconds() if self._pulse else 0.0
        yield GaugeMetricFamily(
            "inkcre_tick_lag_seconds",
            "How long what was due had waited for the last tick.",
            max(self._lag_seconds, overdue),
        )
        yield CounterMetricFamily("inkcre_ticks", "Ticks.", self._number, created=self._began)


class _Database:
    """What is asked of the database when somebody looks."""

    def __init__(self, components: Components) -> None:
        self._components = components

    def collect(self) -> Iterator["GaugeMetricFamily"]:
        """Yield jobs by kind and state, the queue's age, and the pool; nothing while it is away."""
        from prometheus_client.core import GaugeMetricFamily

        database = self._components.database
        try:
            counts = count_jobs(database)
            now = self._components.clock()
            oldest = find_oldest_claimable(database, now)
        except InkcreError:
            return
        jobs = GaugeMetricFamily("inkcre_jobs", "Jobs by kind and state.", labels=("kind", "state"))
        for count in counts:
            jobs.add_metric((count.kind, count.state), count.number)
        yield jobs
        age = 0.0 if oldest is None else (now - oldest).total_seconds()
        yield GaugeMetricFamily(
            "inkcre_jobs_queue_age_seconds", "How long the oldest job that waits has been due.", age
        )
        if isinstance(database, Pooled):
            usage = database.pool_usage()
            pool = GaugeMetricFamily(
                "inkcre_database_connections", "Connections of the pool.", labels=("state",)
            )
            pool.add_metric(("in use",), usage.in_use)
            pool.add_metric(("idle",), usage.idle)
            yield pool
        yield from self._collect_skew()

    def _collect_skew(self) -> Iterator["GaugeMetricFamily"]:
        from prometheus_client.core import GaugeMetricFamily

        clock = self._components.clock
        if not isinstance(clock, MeasuredClock):
            return
        try:
            seconds = clock.skew_seconds()
        except InkcreError:
            return
        yield GaugeMetricFamily(
            "inkcre_clock_skew_seconds",
            "How far this machine's clock is ahead of the database's, as it was last measured.",
            seconds,
        )


def build_metrics(
    settings: Settings, components: Components | None, pulse: "Pulse | None"
) -> Metrics | None:
    """Make what counts, where it can be kept: in a process that has prometheus-client."""
    if settings.target != "process" or components is None:
        return None
    return Metrics(components, pulse) if find_spec("prometheus_client") else None
