"""What it costs to load settings and to make the application, imports done."""

import statistics
import time
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from benchmarks.tables import Table
from inkcre.api import blocks, graphs, relations
from inkcre.app import create_app
from inkcre.sections.schema import load_settings

ROUNDS = 200


def make_bare(endpoints: list[tuple[str, Any, set[str]]]) -> FastAPI:
    """Make a FastAPI app of the same routes and nothing else."""
    app = FastAPI()
    for path, endpoint, methods in endpoints:
        app.add_api_route(path, endpoint, methods=list(methods))
    return app


def list_endpoints() -> list[tuple[str, Any, set[str]]]:
    """List the paths, functions and methods of the application."""
    found: list[tuple[str, Any, set[str]]] = []
    for module in (blocks, relations, graphs):
        for route in module.router.routes:
            assert isinstance(route, APIRoute)
            found.append((route.path, route.endpoint, set(route.methods or ())))
    health = ("/heartbeat", "/livez", "/readyz", "/capabilities")
    found += [(path, lambda: None, {"GET"}) for path in health]
    return found


def median_ms(function: Callable[[], object]) -> float:
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        function()
        times.append(time.perf_counter() - started)
    return 1000 * statistics.median(times)


def measure(table: Table) -> None:
    """Measure both."""
    settings = load_settings("dev", overrides={"database.path": ":memory:"}, environ={})
    endpoints = list_endpoints()
    ours, bare = median_ms(lambda: create_app(settings)), median_ms(lambda: make_bare(endpoints))
    ratio = ours / bare
    table.add(
        "create_app, imports done", f"{ours:.2f} ms", f"{bare:.2f} ms", ratio, "< 3", ratio < 3,
        "baseline: FastAPI with the same routes",
    )  # fmt: skip
    environ = {"INKCRE_DATABASE__URL": "postgresql://u@h/d", "INKCRE_HTTP__PORT": "8080"}
    load = median_ms(lambda: load_settings("server", environ=environ))
    table.add(
        "load_settings, server profile, two variables",
        f"{load:.2f} ms",
        "3 ms",
        load / 3,
        "< 1",
        load < 3,
    )
