"""Who adds a job wakes those who run it, and need not remember."""

from pathlib import Path

import pytest
from sqlalchemy import text

from inkcre.assembly.assembly import build_database, utc_now
from inkcre.errors import SchemaBehind
from inkcre.jobs.jobs import NewJob, enqueue_call, list_jobs
from inkcre.jobs.kinds import NoPayload
from inkcre.ports.database import Statement
from inkcre.sql.schema import migrate
from tests.conftest import DRIVERS, postgres_settings, sqlite_settings
from tests.lines import LINES


@pytest.mark.parametrize("home", ["sqlite", *DRIVERS])
def test_batch_that_adds_jobs_wakes_by_itself(
    home: str, request: pytest.FixtureRequest, sqlite_path: Path
) -> None:
    """Once it is committed, and no other batch does; one that fails does not either."""
    woken: list[int] = []
    settings = (
        sqlite_settings(sqlite_path)
        if home == "sqlite"
        else postgres_settings(
            request.getfixturevalue("postgres_url"), **{"database.driver": DRIVERS[home]}
        )
    )
    database = build_database(settings, wake=lambda: woken.append(count_pending()))

    def count_pending() -> int:
        return len(list_jobs(database, {"state": "pending"}, limit=10)[0])

    if home == "sqlite":
        migrate(database, LINES)
    database.atomic([Statement(text("DELETE FROM schedules"))()])
    call = enqueue_call([NewJob("work", NoPayload())], utc_now())
    database.atomic([call])
    assert woken == [1]
    database.atomic([call, enqueue_call([NewJob("work", NoPayload())], utc_now())])
    assert woken == [1, 3]
    with pytest.raises(SchemaBehind):
        database.atomic([call, Statement(text("DELETE FROM nowhere"))()])
    assert woken == [1, 3]
    database.close()
