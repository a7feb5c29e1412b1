"""Forms of sources: what a request says of one."""

from typing import Annotated, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from inkcre.graph.forms import Name
from inkcre.jobs.schedules import CollectAt, ScheduleForm
from inkcre.sql.values import Form

Nickname = Annotated[Name, Field(max_length=200)]


class SourceForm(Form):
    """A new source."""

    type: Name
    nickname: Nickname | None = None
    config: dict[str, object] = Field(default_factory=dict)
    schedule: ScheduleForm | None = None
    collect_at: CollectAt | None = None

    @model_validator(mode="after")
    def _one_schedule(self) -> Self:
        _refuse_two_schedules(self)
        return self


class SourceEdit(Form):
    """A change of a source: absent keys stay; ``schedule: null`` takes the schedule away."""

    nickname: Nickname | None = None
    config: dict[str, object] | None = None
    schedule: ScheduleForm | None = None
    collect_at: CollectAt | None = None

    @model_validator(mode="after")
    def _one_schedule(self) -> Self:
        if "config" in self.model_fields_set and self.config is None:
            raise PydanticCustomError("null", "config cannot be null; leave it out")
        _refuse_two_schedules(self)
        return self


def _refuse_two_schedules(form: SourceForm | SourceEdit) -> None:
    if form.schedule is not None and form.collect_at is not None:
        raise PydanticCustomError("schedule", "a source has either schedule or collect_at")
