"""Instances of sources: what collects, made of a row."""

from collections.abc import Callable, Iterator, Mapping
from typing import TypedDict, cast

from pydantic import BaseModel, ValidationError
from pydantic.json_schema import JsonSchemaValue

from inkcre.errors import Misconfigured, NotFound
from inkcre.graph.files.files import KeepFile, OpenShelf, keep_unnamed
from inkcre.jobs.kinds import RunningJob
from inkcre.ports.clock import Clock
from inkcre.ports.database import Database
from inkcre.ports.sources import SourceType, SourceTypes
from inkcre.ports.web import Web
from inkcre.sources.base import AnySource, SourceContext, keep_nothing
from inkcre.sources.items.item_rows import SELECT_MISSING, read_stamps
from inkcre.sources.items.revisions import short_key
from inkcre.sources.left_out import LEFT_OUT, LeftOut
from inkcre.sources.masks import masked_names
from inkcre.sources.rows import Source
from inkcre.sources.sources import DOUBTED, UNSCHEDULE_ABSENT, get_source
from inkcre.wording import say_fault


def open_source(
    row: Source,
    database: Database,
    types: SourceTypes,
    web: Web,
    clock: Clock,
    *,
    check: Callable[[], None],
    shelf: OpenShelf | None = None,
) -> AnySource:
    """Make the source of a row; it calls ``check`` between two items, which may end it.

    Files of its items go to what ``shelf`` opens; without it there are none.

    Raises:
        Invalid, Unsupported: its type is not there, or not here.
        Misconfigured: its configuration is of another version, or came without its secrets.
    """
    source_id = row.id
    # The port knows less of a type than this room, which every type is made for.
    kind = cast("type[AnySource]", types.load(row.type))
    source_context = SourceContext(
        source_id=source_id,
        web=web,
        clock=clock,
        stamps=lambda: _ByKey(
            {key: stamp for key, stamp in read_stamps(database, source_id) if stamp is not None}
        ),
        check=check,
        folders=types.folders,
        missing=lambda: {*SELECT_MISSING.values(database.read(SELECT_MISSING(source=source_id)))},
        left_out=LeftOut(former=row.left_out),
        keep_file=keep_nothing if shelf is None else _keeping(shelf, clock),
        known=lambda: [key for key, _ in read_stamps(database, source_id)],
    )
    if left_out := masked_names(row.config):
        names = ", ".join(left_out)
        raise Misconfigured(
            f"source {source_id}: config.{names}: was left out of the export that it came with",
            hint=f"run `inkcre sources edit {source_id} {left_out[0]}=…`",
        )
    try:
        config = kind.config_model.model_validate(row.config)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(map(str, found["loc"]))
        raise Misconfigured(
            f"source {source_id}: config.{field}: {say_fault(found)}",
            hint="it was written by another version; change it",
        ) from None
    return kind(config, _read_state(kind, row.state), source_context)


def open_of_job(
    job: RunningJob, types: SourceTypes, web: Web, clock: Clock, shelf: OpenShelf | None = None
) -> tuple[Source, AnySource]:
    """Read a job's source, and make what collects it.

    Raises:
        NotFound: it was deleted; its schedule goes, if it has one still.
    """
    source_id = job.hold.lease.source_id
    if source_id is None:
        raise NotFound(f"job {job.id}: names no source")
    try:
        row = get_source(job.database, source_id)
    except NotFound:
        # A version of before, which left that to a foreign key, may still have deleted it.
        job.write([UNSCHEDULE_ABSENT(id=source_id)])
        raise
    return row, open_source(row, job.database, types, web, clock, check=job.check, shelf=shelf)


def _keeping(shelf: OpenShelf, clock: Clock) -> KeepFile:
    return lambda chunks: keep_unnamed(shelf(), chunks, clock())


class _ByKey(Mapping[str, str]):
    """What is kept of items, found by their keys as the source gives them: long ones, too."""

    def __init__(self, kept: Mapping[str, str]) -> None:
        self._kept = kept

    def __getitem__(self, key: str) -> str:
        return self._kept[short_key(key)]

    def __iter__(self) -> Iterator[str]:
        return iter(self._kept)

    def __len__(self) -> int:
        return len(self._kept)


def _read_state(kind: type[AnySource], state: Mapping[str, object]) -> BaseModel:
    try:
        own = {name: value for name, value in state.items() if name not in (DOUBTED, LEFT_OUT)}
        return kind.state_model.model_validate(own)
    except ValidationError:
        return kind.state_model()  # of another version: as if it had never collected


class DescribedType(TypedDict):
    """A type of sources, as it is shown."""

    type: str
    summary: str
    takes_items: bool
    config_schema: JsonSchemaValue


def describe_type(kind: type[SourceType]) -> DescribedType:
    """Describe a type of sources: its name, what it does, and the schema of its configuration."""
    summary = (kind.__doc__ or "").partition("\n")[0]
    return {
        "type": kind.name,
        "summary": summary,
        "takes_items": kind.takes_items,
        "config_schema": kind.config_model.model_json_schema(),
    }
