"""``[scheduler]``: what calls the tick that runs due schedules and jobs."""

from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from inkcre.settings.section import Name, Section


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise PydanticCustomError(
            "unknown_time_zone", "input should be a time zone's name, such as Europe/Berlin"
        ) from None
    return name


TimeZone = Annotated[
    Name,
    AfterValidator(_known_zone),
    Field(json_schema_extra={"x-allowed": "a name such as Europe/Berlin"}),
]
"""A name of the IANA time zone database."""


class ApschedulerSettings(Section):
    """``kind = "apscheduler"``: a thread of this process ticks."""

    kind: Literal["apscheduler"] = "apscheduler"
    """APScheduler, in this process."""

    tick_seconds: Annotated[int, Field(ge=1, le=3600)] = 15
    """The pace of ticks."""

    jobs: Annotated[int, Field(ge=1, le=64)] = 4
    """How many jobs this process runs at a time."""

    timezone: TimeZone = "UTC"
    """The time zone of schedules that name none."""


class CronTriggerSettings(Section):
    """``kind = "cron-trigger"``: Cloudflare calls the Worker."""

    kind: Literal["cron-trigger"] = "cron-trigger"
    """A Cron Trigger; its times are ``[workers] crons``."""

    budget_seconds: Annotated[float, Field(ge=1, le=840)] = 20
    """How long one tick begins further jobs; the rest waits for the next one."""

    timezone: TimeZone = "UTC"
    """The time zone of schedules that name none."""


class SchedulerOffSettings(Section):
    """``kind = "off"``: nothing ticks by itself."""

    kind: Literal["off"] = "off"
    """No scheduler."""


SchedulerSettings = Annotated[
    ApschedulerSettings | CronTriggerSettings | SchedulerOffSettings,
    Field(discriminator="kind"),
]
