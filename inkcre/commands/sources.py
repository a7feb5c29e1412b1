"""``inkcre sources``: where items come from, from the command line."""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inkcre.cli.bases import assemble, make_base, open_base
from inkcre.cli.settings_options import Assignments, Format, OutputFormat, Profile, errors_as
from inkcre.cli.streams import (
    UnreadableInput,
    is_file,
    open_stdin,
    refuse_to_empty,
    write_output,
)
from inkcre.cli.terminal import say, write_json
from inkcre.commands.inputs import HEAD_BYTES
from inkcre.commands.source_edits import edit, remove
from inkcre.commands.source_options import (
    Cron,
    Every,
    Nickname,
    SourceId,
    Timezone,
    explained_forms,
    line_of,
    read_pairs,
    schedule_form,
    tell_lacking,
)

if TYPE_CHECKING:
    from inkcre.context import Components
    from inkcre.sources.instances import DescribedType
    from inkcre.sources.rows import Source

app = typer.Typer(
    no_args_is_help=True, help="Sources: where items come from.", rich_markup_mode=None
)

FAILED = 1


@app.command("types")
def types(
    profile: Profile = None, set_: Assignments = None, format_: OutputFormat = Format.TEXT
) -> None:
    """List what sources can be of, with what each needs."""
    from inkcre.errors import Unsupported
    from inkcre.sources.instances import describe_type
    from inkcre.sources.registry import find_source_types

    with errors_as(format_), assemble(profile, set_) as (settings, _):
        found = find_source_types(settings)
    usable, others = [], {}
    for name in found.names():
        try:
            usable.append(describe_type(found.load(name)))
        except Unsupported as error:
            others[name] = error.message
    if format_ is Format.JSON:
        write_json({"types": usable, "not_here": others})
        return
    for described in usable:
        _print_type(described)
    for name, why in others.items():
        print(f"{name}: not here: {why}")


def _print_type(described: "DescribedType") -> None:
    print(f"{described['type']}: {described['summary']}")
    for key, field in described["config_schema"].get("properties", {}).items():
        is_needed = key in described["config_schema"].get("required", ())
        said = " ".join(str(field.get("description", "")).split())
        print(f"    {key}{' (needed)' if is_needed else ''}  {said}")


@app.command("list")
def list_(
    profile: Profile = None, set_: Assignments = None, format_: OutputFormat = Format.TEXT
) -> None:
    """List sources, newest first: id, type, schedule, next time, name."""
    with errors_as(format_), open_base(profile, set_) as context:
        if format_ is Format.JSON:
            write_json({"sources": [_masked(context, source) for source in _all_sources(context)]})
            return
        for source in _all_sources(context):
            print(line_of(source))


def _masked(context: "Components", source: "Source") -> dict[str, object]:
    """Return a source as plain data, its secrets masked."""
    from dataclasses import asdict

    from inkcre.errors import InkcreError
    from inkcre.sources.masks import mask
    from inkcre.sources.registry import find_source_types

    try:
        kind = find_source_types(context.settings).load(source.type)
    except InkcreError:
        kind = None
    return asdict(mask(source, kind))


def _all_sources(context: "Components") -> Iterator["Source"]:
    from inkcre.sources.sources import list_sources

    cursor = None
    while True:
        page, cursor = list_sources(context.database, limit=100, cursor=cursor)
        yield from page
        if cursor is None:
            return


@app.command("add")
def add(  # noqa: PLR0917 - its parameters are options
    type_: Annotated[str, typer.Argument(metavar="TYPE", help="See `inkcre sources types`.")],
    config: Annotated[
        list[str] | None,
        typer.Argument(metavar="[KEY=VALUE...]", help="Configuration; values may be JSON."),
    ] = None,
    every: Every = None,
    cron: Cron = None,
    timezone: Timezone = None,
    nickname: Nickname = None,
    profile: Profile = None,
    set_: Assignments = None,
) -> None:
    """Add a source, and how often it is collected."""
    form = {
        "type": type_,
        "nickname": nickname,
        "config": read_pairs(config),
        "schedule": schedule_form(every, cron, timezone),
    }
    with make_base(profile, set_) as context:
        say(line_of(_create(context, form)))


def _create(context: "Components", form: Mapping[str, object]) -> "Source":
    from inkcre.sources.forms import SourceForm
    from inkcre.sources.registry import find_source_types
    from inkcre.sources.sources import create_source

    with explained_forms():
        return create_source(
            context.database,
            find_source_types(context.settings),
            SourceForm.model_validate(form),
            now=context.clock(),
            timezone=context.zone,
        )


app.command("edit")(edit)


@app.command("collect")
def collect(  # noqa: PLR0917 - its parameters are options
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
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="List every block that was added or changed.")
    ] = False,
    profile: Profile = None,
    set_: Assignments = None,
) -> None:
    """Collect a source now, in this process; tell how much was added or changed."""
    from inkcre.sources.on_demand import CollectFailed, collect_now
    from inkcre.sources.sources import get_source

    with open_base(profile, set_) as context:
        try:
            blocks = collect_now(context, source_id, full=full, restore=restore, forget=forget)
        except CollectFailed as error:
            print(f"{error.message} ({error.hint})", file=sys.stderr)
            sys.exit(FAILED)
        lacking = tell_lacking(get_source(context.database, source_id))
    for block in blocks if verbose else ():
        line = " ".join(block.content.split())
        print(f"{block.id:>8}  {block.resolver:<10}  {line[:80]}")
    say(f"source {source_id}: {len(blocks)} blocks added or changed{lacking and f', {lacking}'}")


app.command("rm")(remove)


@app.command("import")
def import_(
    file: Annotated[str, typer.Argument(metavar="FILE", help="OPML; - is standard input.")],
    every: Every = "1h",
    profile: Profile = None,
    set_: Assignments = None,
) -> None:
    """Add a source for each feed of an OPML file; those that are there already are left alone."""
    from inkcre.errors import Invalid
    from inkcre.sources.types.opml import read_opml
    from inkcre.transfer.bookmarks import is_bookmarks

    content = _read(file)
    if is_bookmarks(content[:HEAD_BYTES]):
        raise Invalid(
            f"{file}: bookmarks of a browser, and no list of feeds",
            field="opml",
            hint=f"add them with `inkcre import {file}`",
        )
    found = read_opml(content)
    feeds = found.feeds
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
    say(f"{file}: {len(feeds)} feeds, {added} new, {len(feeds) - added} there already")
    for each in found.left_out:
        print(f"left out: {each}")


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
    write_output(file, [write_opml(feeds).encode()])
    say(f"{file}: {len(feeds)} feeds", aside=True)


def _has_feeds(name: str) -> bool:
    """Tell whether a file that is there lists feeds, or something else that one would miss."""
    from inkcre.errors import Invalid
    from inkcre.sources.types.opml import read_opml

    try:
        if not is_file(name) or not Path(name).exists():
            return False
        found = read_opml(_read(name))
        return bool(found.feeds or found.left_out)
    except Invalid:
        return True
