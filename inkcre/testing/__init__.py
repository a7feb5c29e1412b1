"""A pytest plugin for those who write extensions: an application in memory, and a client of it.

pytest finds it by itself where ``inkcre[testing]`` is installed::

    def test_my_route(inkcre_client):
        assert inkcre_client.get("/heartbeat").json()["status"] == "ok"

Each test is lent a base, a storage and small values of its own, in memory. Nothing around counts:
no variable, no ``.env``, no ``inkcre.toml``, no secret file. To change settings, define a fixture
``inkcre_overrides`` that gives values by dotted key; what is kept on disk by them lies below
``tmp_path``, unless they say where. To test an application of your own, define a fixture
``inkcre_application`` that returns it.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from fastapi import FastAPI
    from fastapi.testclient import TestClient

    from inkcre.application import Application


@pytest.fixture
def inkcre_overrides() -> Mapping[str, object]:
    """Return settings above those that are lent; define your own to change them."""
    return {}


@pytest.fixture
def inkcre_application() -> "Application":
    """Return the application that is made; define your own to test another."""
    from inkcre.core import INKCRE

    return INKCRE


@pytest.fixture
def inkcre_app(
    inkcre_application: "Application", inkcre_overrides: Mapping[str, object], tmp_path: Path
) -> "FastAPI":
    """Make an application of profile ``dev`` with an empty base, whatever surrounds the test.

    Base, storage and small values are in memory, or below ``tmp_path`` where ``inkcre_overrides``
    wants them on disk and names no place. Nothing ticks in it beside the test;
    ``inkcre.jobs.tick.tick`` does when it is called.
    """
    from inkcre.app import create_app
    from inkcre.testing.isolation import lend_settings

    overrides = lend_settings(inkcre_overrides, tmp_path / "inkcre")
    return create_app(
        profile="dev", application=inkcre_application, overrides=overrides, environ={}
    )


@pytest.fixture
def inkcre_client(inkcre_app: "FastAPI") -> "Iterator[TestClient]":
    """Start the application, and give a client that speaks to it without a network."""
    from fastapi.testclient import TestClient

    with TestClient(inkcre_app) as client:
        yield client
