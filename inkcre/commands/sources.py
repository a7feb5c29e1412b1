"""``inkcre sources``: where items come from, from the command line."""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inkcre.cli.bases import assemble, make_base, open_base
from inkcre.cli.settings_options import Assignments, Profile
from inkcre.commands.streams import UnreadableInput, open_stdin, refuse_to_empty, write_whole

if TYPE_CHECKING:
    from inkcre.context import Components
    from inkcre.sources.sources import Source

app = typer.Typer(
    no_args_is_help=True, help="Sources: where items come from.", rich_markup_mode=None
)

SourceId = Annotated[int, typer.Argument(metavar="ID", help="The source's id.", min=1)]
Every = Annotated[str | None, typer.Option(help='How often, such as "15m", "2h" or "1d".')]
FAILED = 1


@app.command("types")
def types(profile: Profile = None, set_: Assignments = None) -> None:
    """List what sources can be of, with what each needs."""
    from inkcre.errors import Unsupported
    from inkcre.sources.instances import describe_type
    from inkcre.sources.registry import find_source_types

    with assemble(profile, set_) as (settings, _):
        found = find_source_types(settings)
    for name in found.names():
        try:
            described = describe_type(found.load(name))
        except Unsupported as error:
            print(f"{name}: not here: {error.message}")
            continue
        print(f"{name}: {described['summary']}")
        for key, field in described["config_schema"].get("properties", {}).items():
            is_needed = key in described["config_schema"].get("required", ())
            said = " ".join(str(field.get("description", "")).split())
            print(f"    {key}{' (needed)' if is_needed else ''}  {said}")


@app.command("list")
def list_(profile: Profile = None, set_: Assignments = None) -> None:
    """List sources, newest first: id, type, schedule, next time, name."""
    with open_base(profile, set_) as context:
        for source in _all_sources(context):
            print(_line(source))


def _all_sources(context: "Components") -> Iterator["Source"]:
    from inkcre.sources.sources import list_sources

    cursor = None
    while True:
        page, cursor = list_sources(context.database, limit=100, cursor=cursor)
        yield from page
        if cursor is None:
            return


def _line(source: "Source") -> str:
    schedule = source.schedule
    when = "by hand"
    if schedule:
        pace = f"every {schedule.every}" if schedule.every else schedule.cron
        when = f"{pace}, next {(schedule.next_run_at or 'never')[:16].replace('T', ' ')}"
    name = source.nickname or source.config.get("url") or source.config.get("path") or ""
    line = f"{source.id:>6}  {source.type:<8}  {when:<40}  {name}".rstrip()
    missing = _tell_missing(source)
    return f"{line}  ({missing})" if missing else line


def _tell_missing(source: "Source") -> str:
    if not source.missing:
        return ""
    since = (source.missing_since or "")[:16].replace("T", " ")
    return f"{source.missing} missing since {since}"


@app.command("add")
def add(  # noqa: PLR0917 - its parameters are options
    type_: Annotated[str, typer.Argument(metavar="TYPE", help="See `inkcre sources types`.")],
    config: Annotated[
        list[str] | None,
        typer.Argument(metavar="[KEY=VALUE...]", help="Configuration; values may be JSON."),
    ] = None,
    every: Every = None,
    cron: Annotated[str | None, typer.Option(help='When, such as "0 7 * * mon-fri".')] = None,
    timezone: Annotated[str | None, typer.Option("--tz", help="Of the cron text.")] = None,
    nickname: Annotated[str | None, typer.Option("--name", help="What you call it.")] = None,
    profile: Profile = None,
    set_: Assignments = None,
) -> None:
    """Add a source, and how often it is collected."""
    schedule = None
    if every or cron:
        schedule = {"every": every, "cron": cron, "timezone": timezone}
    form = {
        "type": type_,
        "nickname": nickname,
        "config": dict(_read_pair(pair) for pair in config or ()),
        "schedule": schedule,
    }
    with make_base(profile, set_) as context:
        print(_line(_create(context, form)))


def _read_pair(pair: str) -> tuple[str, object]:
    from inkcre.errors import Invalid

    key, is_there, value = pair.partition("=")
    if not is_there or not key:
        raise Invalid(f'"{pair}" is not KEY=VALUE', field="config")
    try:
        return key, json.loads(value)
    except ValueError:
        return key, value


def _create(context: "Components", form: Mapping[str, object]) -> "Source":
    from pydantic import ValidationError

    from inkcre.errors import Invalid
    from inkcre.sources.forms import SourceForm
    from inkcre.sources.registry import find_source_types
    from inkcre.sources.sources import create_source

    try:
        return create_source(
            context.database,
            find_source_types(context.settings),
            SourceForm.model_validate(form),
            now=context.clock(),
            timezone=context.zone,
        )
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(map(str, found["loc"])) or "source"
        raise Invalid(found["msg"], field=field, hint="see `inkcre sources types`") from None


@app.command("collect")
def collect(
    source_id: SourceId,
    full: Annotated[
        bool, typer.Option("--full", help="Fetch everything anew, whatever was collected before.")
    ] = False,
    restore: Annotated[
        bool, typer.Option("--restore", help="Bring back what somebody has deleted.")
    ] = False,
    forget: Annotated[
        bool, typer.Option("--forget", help="Let go at once what is missing.")
    ] = False,
    profile: Profile = None,
    set_: Assignments = None,
) -> None:
    """Collect a source now, in this process; tell what was added or changed."""
    from inkcre.sources.on_demand import CollectFailed, collect_now
    from inkcre.sources.sources import get_source

    with open_base(profile, set_) as context:
        try:
            blocks = collect_now(context, source_id, full=full, restore=restore, forget=forget)
        except CollectFailed as error:
            print(f"{error.message} ({error.hint})", file=sys.stderr)
            sys.exit(FAILED)
        missing = _tell_missing(get_source(context.database, source_id))
    for block in blocks:
        line = " ".join(block.content.split())
        print(f"{block.id:>8}  {block.resolver:<10}  {line[:80]}")
    print(f"source {source_id}: {len(blocks)} blocks added or changed{missing and f', {missing}'}")


@app.command("rm")
def remove(
    source_ids: Annotated[list[int], typer.Argument(metavar="ID...", help="Ids.", min=1)],
    profile: Profile = None,
    set_: Assignments = None,
) -> None:
    """Delete sources and their schedules. What they have collected stays."""
    from inkcre.sources.sources import delete_source

    with open_base(profile, set_) as context:
        for source_id in source_ids:
            delete_source(context.database, source_id)
            print(f"source {source_id}: deleted")


@app.command("import")
def import_(
    file: Annotated[str, typer.Argument(metavar="FILE", help="OPML; - is standard input.")],
    every: Every = "1h",
    profile: Profile = None,
    set_: Assignments = None,
) -> None:
    """Add a source for each feed of an OPML file; those that are there already are left alone."""
    from inkcre.sources.types.opml import read_opml

    feeds = read_opml(_read(file))
    with make_base(profile, set_) as context:
        known = {s.config.get("url") for s in _all_sources(context) if s.type == "rss"}
        added = 0
        for feed in feeds:
            if feed.url in known:
                continue
            nickname = feed.title[:200] if feed.title else None
            form = {"type": "rss", "nickname": nickname, "config": {"url": feed.url}}
            _create(context, {**form, "schedule": {"every": every}})
            added += 1
    print(f"{file}: {len(feeds)} feeds, {added} new, {len(feeds) - added} there already")


def _read(name: str) -> bytes:
    try:
        with open_stdin() if name == "-" else Path(name).open("rb") as stream:
            return stream.read()
    except OSError as error:
        raise UnreadableInput.of(name, error) from error


@app.command("export")
def export(
    file: Annotated[str, typer.Argument(metavar="FILE", help="Where to; - is standard output.")],
    force: Annotated[
        bool, typer.Option("--force", help="Let a list of nothing replace a file that is there.")
    ] = False,
    profile: Profile = None,
    set_: Assignments = None,
) -> None:
    """Write the feeds that are collected as OPML."""
    from inkcre.sources.types.opml import Feed, write_opml

    with open_base(profile, set_) as context:
        feeds = [
            Feed(str(source.config["url"]), source.nickname)
            for source in _all_sources(context)
            if source.type == "rss"
        ][::-1]
    if not feeds and not force and _has_feeds(file):
        refuse_to_empty(file)
    text = write_opml(feeds)
    if file == "-":
        print(text, end="")
    else:
        write_whole(Path(file), [text.encode()])
        print(f"{file}: {len(feeds)} feeds", file=sys.stderr)


def _has_feeds(name: str) -> bool:
    """Tell whether a file that is there lists feeds, or something else that one would miss."""
    from inkcre.errors import Invalid
    from inkcre.sources.types.opml import read_opml

    try:
        return bool(name != "-" and Path(name).is_file() and read_opml(_read(name)))
    except Invalid:
        return True
