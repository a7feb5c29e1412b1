"""``[workers]``: the deployment to Cloudflare Workers."""

import datetime
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from inkcre.sections.crons import check_cron
from inkcre.settings.section import SOUND, Section

FIRST_USABLE_DATE = datetime.date(2026, 9, 8)
"""From this compatibility date on Python Workers have CPython 3.14 and TCP sockets."""


def _usable_date(value: datetime.date) -> datetime.date:
    if value < FIRST_USABLE_DATE:
        raise PydanticCustomError(
            "compatibility_date",
            "input should be 2026-09-08 or later: Workers before it have no TCP sockets for Python",
        )
    return value


class WorkersLimitsSettings(Section):
    """``[workers.limits]``: what one invocation may use."""

    cpu_ms: Annotated[int, Field(ge=10, le=300_000)] | None = None
    """CPU time of one invocation, in milliseconds; absent: the plan's own limit."""


class WorkersSettings(Section):
    """The deployment to Cloudflare Workers."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$"), SOUND] = "worker"
    """The Worker's name; that of the application, unless it is set."""

    compatibility_date: Annotated[
        datetime.date,
        AfterValidator(_usable_date),
        Field(json_schema_extra={"x-allowed": f"{FIRST_USABLE_DATE} or later"}),
    ] = FIRST_USABLE_DATE
    """The runtime's version, as a date."""

    crons: tuple[Annotated[str, AfterValidator(check_cron)], ...] = ("* * * * *",)
    """When the Cron Trigger fires: five fields, UTC; write weekdays as names."""

    max_requests: Annotated[int, Field(ge=1, le=1000)] = 100
    """Requests that one isolate works on at a time; more are answered 503 with Retry-After."""

    limits: WorkersLimitsSettings = WorkersLimitsSettings()
    """What one invocation may use."""
