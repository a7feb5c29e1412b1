"""A pytest plugin for those who write extensions: an application in memory, and a client of it.

pytest finds it by itself where ``inkcre[testing]`` is installed::

    def test_my_route(inkcre_client):
        assert inkcre_client.get("/heartbeat").json()["status"] == "ok"

To change settings, define a fixture ``inkcre_overrides`` that gives values by dotted key.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from fastapi import FastAPI
    from fastapi.testclient import TestClient


@pytest.fixture
def inkcre_overrides() -> Mapping[str, Any]:
    """Give settings above those of the ``dev`` profile; define your own to change them."""
    return {}


@pytest.fixture
def inkcre_app(inkcre_overrides: Mapping[str, Any]) -> "FastAPI":
    """Make an application with an empty base in memory, whatever the environment says.

    Nothing ticks in it beside the test; ``inkcre.infobase.ticking.tick`` does when it is called.
    """
    from inkcre.app import create_app

    overrides = {
        "database.kind": "sqlite",
        "database.path": ":memory:",
        "scheduler.kind": "off",
        **inkcre_overrides,
    }
    return create_app(profile="dev", overrides=overrides, environ={})


@pytest.fixture
def inkcre_client(inkcre_app: "FastAPI") -> "Iterator[TestClient]":
    """Start the application, and give a client that speaks to it without a network."""
    from fastapi.testclient import TestClient

    with TestClient(inkcre_app) as client:
        yield client
