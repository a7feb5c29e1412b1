"""What a process tells Prometheus: https://prometheus.io/docs/instrumenting/exposition_formats/."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from inkcre.context import Components
from inkcre.errors import InkcreError
from inkcre.jobs.jobs import count_jobs, find_oldest_claimable
from inkcre.jobs.schedules import Due
from inkcre.ports.database import Pooled
from inkcre.sections.settings import Settings

if TYPE_CHECKING:
    from prometheus_client.core import GaugeMetricFamily


Observe = Callable[[float], None]


class Metrics:
    """The numbers of one application."""

    def __init__(self, components: Components) -> None:
        import prometheus_client as prometheus

        self._render = prometheus.generate_latest
        self._kept: dict[tuple[str, str, int], tuple[Callable[[], None], Observe]] = {}
        self._registry = prometheus.CollectorRegistry()
        prometheus.ProcessCollector(registry=self._registry)
        self._requests = prometheus.Counter(
            "inkcre_http_requests",
            "Requests that were answered.",
            ("method", "route", "status"),
            registry=self._registry,
        )
        self._seconds = prometheus.Histogram(
            "inkcre_http_request_seconds",
            "How long requests took.",
            ("route",),
            registry=self._registry,
        )
        self._lag = prometheus.Gauge(
            "inkcre_tick_lag_seconds",
            "How long what was due had waited for the last tick.",
            registry=self._registry,
        )
        self._ticks = prometheus.Counter("inkcre_ticks", "Ticks.", registry=self._registry)
        self._registry.register(_Database(components))

    def observe_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request."""
        key = (method, route, status)
        kept = self._kept.get(key)
        if kept is None:  # finding them by their labels costs more than counting
            counter = self._requests.labels(method, route, str(status))
            kept = self._kept[key] = (counter.inc, self._seconds.labels(route).observe)
        count, observe = kept
        count()
        observe(seconds)

    def observe_tick(self, due: Due) -> None:
        """Count a tick."""
        self._ticks.inc()
        self._lag.set(due.lag_seconds)

    def render(self) -> bytes:
        """Write everything in Prometheus' text format."""
        return self._render(self._registry)


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


def build_metrics(settings: Settings, components: Components | None) -> Metrics | None:
    """Make what counts, where it can be kept: in a process that has prometheus-client."""
    if settings.target != "process" or components is None:
        return None
    try:
        return Metrics(components)
    except ModuleNotFoundError:
        return None
