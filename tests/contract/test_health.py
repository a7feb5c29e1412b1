"""How the application says how it is, and how it answers what it does not know."""

import httpx2 as httpx
import pytest

from tests.contract.conftest import expect_problem


def test_heartbeat_says_who_answers(api: httpx.Client) -> None:
    """Status, whether this is a Worker, and the profile."""
    body = api.get("/heartbeat").json()
    assert body["status"] == "ok"
    assert isinstance(body["worker"], bool)
    assert body["profile"]


def test_livez_and_readyz_are_ok(api: httpx.Client) -> None:
    """Alive, and the database answers with its schema at head."""
    assert api.get("/livez").json() == {"status": "ok"}
    assert api.get("/readyz").json() == {"status": "ok"}


def test_capabilities_name_profile_and_adapters(api: httpx.Client) -> None:
    """The profile is the heartbeat's; each port's adapter declares itself; no origin or path is shown."""
    body = api.get("/capabilities").json()
    assert body["profile"] == api.get("/heartbeat").json()["profile"]
    ports = {port["port"]: port for port in body["ports"]}
    assert set(ports) == {"database", "storage", "keyvalue", "web", "scheduler"}
    assert ports["database"]["capabilities"]["dialect"] in ("sqlite", "postgresql")
    assert all("kind" in port and "chosen_by" not in port for port in ports.values())
    assert "toml" not in str(body)
    assert "/" not in str(ports)


def test_unknown_route_is_a_problem(api: httpx.Client) -> None:
    """404 with the path."""
    expect_problem(api.get("/nowhere"), 404, "no_route", "/nowhere")


@pytest.mark.parametrize("path", ["/blocks/", "/blocks/%2F", "/heartbeat/", "/blocks//"])
def test_path_that_is_nearly_a_route_is_a_problem(api: httpx.Client, path: str) -> None:
    """404, and not led elsewhere: what another path means is not guessed."""
    expect_problem(api.get(path), 404, "no_route")


def test_wrong_method_is_a_problem(api: httpx.Client) -> None:
    """405 with what is allowed."""
    answer = api.put("/blocks")
    expect_problem(answer, 405, "method_not_allowed", "PUT")
    assert "allow" in answer.headers


@pytest.mark.parametrize("path", ["/openapi.json", "/docs", "/redoc"])
def test_documentation_is_served(api: httpx.Client, path: str) -> None:
    """The API describes itself."""
    assert api.get(path).status_code == 200


def test_description_covers_every_reference(api: httpx.Client) -> None:
    """Every $ref in the description leads somewhere."""
    import re

    described = api.get("/openapi.json")
    names = set(re.findall(r'"#/components/schemas/([^"]+)"', described.text))
    assert names <= set(described.json()["components"]["schemas"])
    assert {"Star", "FlatGraph", "BlockForm", "Problem"} <= names
