"""How the application says how it is, and how it answers what it does not know."""

import httpx2 as httpx
import pytest

from tests.contract.conftest import expect_problem, follow, located


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


def test_documentation_is_served(api: httpx.Client) -> None:
    """The API describes itself: its pages name the description where clients find it."""
    assert api.get("/openapi.json").status_code == 200
    for path in ("/docs", "/redoc"):
        page = api.get(path)
        assert page.status_code == 200
        assert f'"{located(api, "/openapi.json")}"' in page.text.replace("'", '"')


def test_root_leads_to_the_documentation(api: httpx.Client) -> None:
    """Under the prefix that the clients see."""
    answer = api.get("/")
    assert (answer.status_code, answer.headers["location"]) == (307, located(api, "/docs"))
    assert follow(api, answer.headers["location"]).status_code == 200


def test_description_names_the_prefix(api: httpx.Client) -> None:
    """Those who make clients of it find the server; without a prefix there is none to be named."""
    servers = api.get("/openapi.json").json().get("servers", [])
    prefix = located(api, "")
    assert [server["url"] for server in servers] == ([prefix] if prefix else [])


def test_description_covers_every_reference(api: httpx.Client) -> None:
    """Every $ref in the description leads somewhere."""
    import re

    described = api.get("/openapi.json")
    names = set(re.findall(r'"#/components/schemas/([^"]+)"', described.text))
    assert names <= set(described.json()["components"]["schemas"])
    assert {"Star", "FlatGraph", "BlockForm", "Problem"} <= names
