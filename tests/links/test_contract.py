"""The contract of the link shortener, in every home: one over HTTP, whatever is behind it."""

from collections.abc import Iterator

import httpx2 as httpx
import pytest

from tests.links.homes import HOMES, serve

pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module", params=HOMES)
def home(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve it in a home, with an empty base; give the base URL."""
    with serve(request.param, tmp_path_factory.mktemp("links")) as url:
        yield url


@pytest.fixture
def api(home: str) -> Iterator[httpx.Client]:
    """Return a client of the home."""
    with httpx.Client(base_url=home, timeout=60) as client:
        yield client


def test_address_is_shortened_and_followed(api: httpx.Client) -> None:
    """It leads where it should, and lives as long as the settings say."""
    made = api.post("/links", json={"url": "https://example.org/a?b=1"})
    assert made.status_code == 201, made.text
    link = made.json()
    assert (link["url"], link["visits"]) == ("https://example.org/a?b=1", 0)
    followed = api.get(f"/l/{link['code']}")
    assert (followed.status_code, followed.headers["location"]) == (307, link["url"])
    longer = api.post("/links", json={"url": "https://example.org/", "days": 60}).json()
    assert 30 * 86400 - 60 < longer["expires_at"] - link["expires_at"] < 30 * 86400 + 60


def test_what_is_wrong_is_told(api: httpx.Client) -> None:
    """As problems, each with the field; a code that nobody has is none."""
    for body, field in (
        ({"url": "javascript:x"}, "url"),
        ({"url": "https://a.b", "days": 0}, "days"),
    ):
        refused = api.post("/links", json=body)
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["field"] == field
    missing = api.get("/l/nowhere")
    assert missing.status_code == 404
    assert missing.json()["type"] == "urn:inkcre:problem:not_found"
    assert api.get("/blocks").status_code == 404


def test_framework_answers_for_itself(api: httpx.Client) -> None:
    """Health, capabilities, jobs and the description of the API, by its own name."""
    assert api.get("/heartbeat").json()["status"] == "ok"
    assert api.get("/readyz").json() == {"status": "ok"}
    assert api.get("/capabilities").json()["profile"] in ("dev", "server", "workers")
    described = api.get("/openapi.json").json()
    assert described["info"]["title"] == "Links"
    assert {"/links", "/l/{code}", "/jobs", "/readyz"} <= set(described["paths"])
    assert not [path for path in described["paths"] if "block" in path or "source" in path]


def test_what_has_expired_is_swept_by_itself(api: httpx.Client, home: str) -> None:
    """The schedule of its own is there, and its job ends well."""
    done: list[dict[str, object]] = []
    for _ in range(100):
        # The Cron Trigger where tests may fire it; elsewhere the scheduler ticks by itself.
        api.post("/cdn-cgi/local/scheduled")
        done = api.get("/jobs", params={"kind": "links.sweep"}).json()["jobs"]
        if done and done[0]["state"] == "finished":
            break
    assert done[0]["result"] == {"expired": 0}
    kinds = {schedule["kind"] for schedule in api.get("/schedules").json()["schedules"]}
    assert kinds == {"links.sweep", "sweep"}
