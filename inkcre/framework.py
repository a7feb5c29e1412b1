"""The framework's public face: all that an application or an extension imports of it.

Names are looked up when they are first used, so that naming an application imports nothing of what
runs it. What stands here is kept: see ``docs/framework.md``.
"""

from typing import TYPE_CHECKING

from inkcre.extension import load_reference

if TYPE_CHECKING:
    from inkcre.app import create_app as create_app
    from inkcre.application import Alias as Alias
    from inkcre.application import Application as Application
    from inkcre.errors import Conflict as Conflict
    from inkcre.errors import Invalid as Invalid
    from inkcre.errors import NotFound as NotFound
    from inkcre.errors import NotTried as NotTried
    from inkcre.errors import Refused as Refused
    from inkcre.errors import TooLarge as TooLarge
    from inkcre.errors import Unavailable as Unavailable
    from inkcre.errors import Unsupported as Unsupported
    from inkcre.extension import Adapter as Adapter
    from inkcre.extension import Extension as Extension
    from inkcre.http.responses import documented as documented
    from inkcre.http.router import Router as Router
    from inkcre.jobs.housekeeping import OwnSchedule
    from inkcre.jobs.jobs import NewJob as NewJob
    from inkcre.jobs.jobs import enqueue_call as enqueue_call
    from inkcre.jobs.kinds import JobKind
    from inkcre.jobs.kinds import NoPayload as NoPayload
    from inkcre.jobs.kinds import Outcome as Outcome
    from inkcre.jobs.kinds import Payload as Payload
    from inkcre.jobs.kinds import RunningJob as RunningJob
    from inkcre.lending import Settings as Settings
    from inkcre.ports.clock import Clock as Clock
    from inkcre.ports.database import Database as Database
    from inkcre.ports.database import Statement as Statement
    from inkcre.ports.keyvalue import KeyValue as KeyValue
    from inkcre.ports.keyvalue import KeyValueNeeds as KeyValueNeeds
    from inkcre.ports.keyvalue import ValueKey as ValueKey
    from inkcre.ports.storage import FileKey as FileKey
    from inkcre.ports.storage import Storage as Storage
    from inkcre.ports.web import Web as Web
    from inkcre.sections.rules.constraints import Empty as Empty
    from inkcre.sections.rules.constraints import ForbiddenChoice as ForbiddenChoice
    from inkcre.settings.section import SecretText as SecretText
    from inkcre.settings.section import Section as Section
    from inkcre.sql.constructs import as_rfc3339 as as_rfc3339
    from inkcre.sql.constructs import json_rows as json_rows
    from inkcre.sql.constructs import timestamp as timestamp
    from inkcre.sql.lines import Migrations as Migrations
    from inkcre.sql.rows import Query as Query
    from inkcre.sql.rows import Values as Values
    from inkcre.sql.rows import count_of as count_of
    from inkcre.sql.tables import Id as Id
    from inkcre.sql.tables import Timestamp as Timestamp
    from inkcre.sql.tables import new_metadata as new_metadata
    from inkcre.sql.timestamps import format_timestamp as format_timestamp

    Job = JobKind
    Schedule = OwnSchedule

PLACES = {
    "Adapter": "inkcre.extension:Adapter",
    "Alias": "inkcre.application:Alias",
    "Application": "inkcre.application:Application",
    "as_rfc3339": "inkcre.sql.constructs:as_rfc3339",
    "Clock": "inkcre.ports.clock:Clock",
    "Conflict": "inkcre.errors:Conflict",
    "count_of": "inkcre.sql.rows:count_of",
    "create_app": "inkcre.app:create_app",
    "Database": "inkcre.ports.database:Database",
    "documented": "inkcre.http.responses:documented",
    "Empty": "inkcre.sections.rules.constraints:Empty",
    "enqueue_call": "inkcre.jobs.jobs:enqueue_call",
    "Extension": "inkcre.extension:Extension",
    "FileKey": "inkcre.ports.storage:FileKey",
    "ForbiddenChoice": "inkcre.sections.rules.constraints:ForbiddenChoice",
    "format_timestamp": "inkcre.sql.timestamps:format_timestamp",
    "Id": "inkcre.sql.tables:Id",
    "Invalid": "inkcre.errors:Invalid",
    "Job": "inkcre.jobs.kinds:JobKind",
    "json_rows": "inkcre.sql.constructs:json_rows",
    "KeyValue": "inkcre.ports.keyvalue:KeyValue",
    "KeyValueNeeds": "inkcre.ports.keyvalue:KeyValueNeeds",
    "Migrations": "inkcre.sql.lines:Migrations",
    "new_metadata": "inkcre.sql.tables:new_metadata",
    "NewJob": "inkcre.jobs.jobs:NewJob",
    "NoPayload": "inkcre.jobs.kinds:NoPayload",
    "NotFound": "inkcre.errors:NotFound",
    "NotTried": "inkcre.errors:NotTried",
    "Outcome": "inkcre.jobs.kinds:Outcome",
    "Payload": "inkcre.jobs.kinds:Payload",
    "Query": "inkcre.sql.rows:Query",
    "Refused": "inkcre.errors:Refused",
    "Router": "inkcre.http.router:Router",
    "RunningJob": "inkcre.jobs.kinds:RunningJob",
    "Schedule": "inkcre.jobs.housekeeping:OwnSchedule",
    "SecretText": "inkcre.settings.section:SecretText",
    "Section": "inkcre.settings.section:Section",
    "Settings": "inkcre.lending:Settings",
    "Statement": "inkcre.ports.database:Statement",
    "Storage": "inkcre.ports.storage:Storage",
    "timestamp": "inkcre.sql.constructs:timestamp",
    "Timestamp": "inkcre.sql.tables:Timestamp",
    "TooLarge": "inkcre.errors:TooLarge",
    "Unavailable": "inkcre.errors:Unavailable",
    "Unsupported": "inkcre.errors:Unsupported",
    "Values": "inkcre.sql.rows:Values",
    "ValueKey": "inkcre.ports.keyvalue:ValueKey",
    "Web": "inkcre.ports.web:Web",
}
"""Where each name is defined: what type checkers read above, for those who run it."""

__all__ = list(PLACES)


def __getattr__(name: str) -> object:
    """Look up a public name.

    Raises:
        AttributeError: there is no such name.
    """
    if name not in PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = load_reference(PLACES[name], object, of="inkcre.framework")
    globals()[name] = found
    return found
