"""The numbers of requests: what prometheus-client would have kept itself."""

import re

import prometheus_client as prometheus

from inkcre.jobs.due import Due
from inkcre.runtime.metrics import BOUNDS, Requests, Ticks

OBSERVED = [
    ("GET", "/blocks/{block_id}", 200, 0.0031),
    ("GET", "/blocks/{block_id}", 404, 0.005),
    ("POST", "/blocks", 201, 0.2),
    ("GET", "/blocks", 200, 99.5),
    ("other", "none", 405, 0.0),
    ("GET", "/blocks", 200, 10.0),
]


def told(registry: prometheus.CollectorRegistry) -> str:
    """Return the text of some numbers, without the times at which they began."""
    text = prometheus.generate_latest(registry).decode()
    return re.sub(r"^(\w+_created(?:\{.*\})?) .*$", r"\1", text, flags=re.MULTILINE)


def test_requests_are_told_as_prometheus_client_tells_them() -> None:
    """Its own counter and histogram, fed with the same requests, give the same text."""
    ours, theirs = (prometheus.CollectorRegistry() for _ in range(2))
    requests = Requests()
    ours.register(requests)
    counter = prometheus.Counter(
        "inkcre_http_requests", "Requests that were answered.", ("method", "route", "status"),
        registry=theirs,
    )  # fmt: skip
    histogram = prometheus.Histogram(
        "inkcre_http_request_seconds", "How long requests took.", ("route",), registry=theirs
    )
    assert told(ours) == told(theirs)
    for method, route, status, seconds in OBSERVED:
        requests.observe(method, route, status, seconds)
        counter.labels(method, route, str(status)).inc()
        histogram.labels(route).observe(seconds)
    assert told(ours) == told(theirs)


def test_ticks_are_told_as_prometheus_client_tells_them() -> None:
    """Its own gauge and counter give the same text."""
    ours, theirs = (prometheus.CollectorRegistry() for _ in range(2))
    ticks = Ticks()
    ours.register(ticks)
    lag = prometheus.Gauge(
        "inkcre_tick_lag_seconds", "How long what was due had waited for the last tick.", registry=theirs
    )  # fmt: skip
    counter = prometheus.Counter("inkcre_ticks", "Ticks.", registry=theirs)
    assert told(ours) == told(theirs)
    for seconds in (0.25, 3.0):
        ticks.observe(Due(0, seconds))
        lag.set(seconds)
        counter.inc()
    assert told(ours) == told(theirs)


def test_bounds_are_those_of_prometheus_client() -> None:
    """Whoever looks at several programs finds the same ones."""
    assert (*BOUNDS, float("inf")) == prometheus.Histogram.DEFAULT_BUCKETS
