"""``inkcre changes`` and ``inkcre undo``."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from inkcre.cli.bases import open_base
from inkcre.cli.settings_options import Assignments, Format, OutputFormat, Profile, errors_as
from inkcre.cli.terminal import local_time, write_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from inkcre.context import Components
    from inkcre.graph.changes import GraphChange
    from inkcre.graph.undo_plans import Entries, UndoPlan
    from inkcre.ports.database import Database


def list_(
    limit: Annotated[int, typer.Option(help="How many at the most.", min=1, max=1000)] = 20,
    before: Annotated[
        int | None, typer.Option(metavar="ID", help="Only those before this one.", min=1)
    ] = None,
    format_: OutputFormat = Format.TEXT,
    profile: Profile = None,
    set_: Assignments = None,
) -> None:
    """List what was changed, newest first: number, time, who, what, and how much."""
    from inkcre.graph.changes import list_changes

    with errors_as(format_), open_base(profile, set_) as context:
        page = list_changes(context.database, limit=limit, before=before)
        name = _namer(context.database)
        rows = [_describe(change, name) for change in page]
    if format_ is Format.JSON:
        write_json({"changes": rows})
        return
    for row in rows:
        print(_line(row))


def _namer(database: "Database") -> "Callable[[str | None], str | None]":
    """Return what tells how an actor is called, as far as that is known still."""
    from inkcre.errors import NotFound
    from inkcre.sources.sources import get_source

    known: dict[str, str | None] = {}

    def name(actor: str | None) -> str | None:
        kind, _, id_ = (actor or "").partition(":")
        if actor is None or kind != "source" or not id_.isdecimal():
            return None
        if actor not in known:
            try:
                source = get_source(database, int(id_))
                known[actor] = source.nickname or source.type
            except NotFound:
                known[actor] = None
        return known[actor]

    return name


def _describe(
    change: "GraphChange", name: "Callable[[str | None], str | None]"
) -> dict[str, object]:
    from inkcre.graph.undo_plans import blocks_in, count_left_out, relations_in

    def count(entries: "Entries") -> int:
        rows = [*blocks_in(entries), *relations_in(entries)]
        return len(rows) + count_left_out(entries)

    made = [*(change.blocks or ()), *(change.relations or ())]
    return {
        "id": change.id,
        "created_at": change.created_at,
        "actor": change.actor,
        "name": name(change.actor),
        "action": change.action,
        "made": sum(map(len, made)),
        "changed": count(change.changed),
        "deleted": count(change.deleted),
    }


def _line(row: "dict[str, object]") -> str:
    when = local_time(str(row["created_at"]))
    who = " ".join(str(each) for each in (row["actor"], row["name"]) if each) or "-"
    counts = ", ".join(f"{row[what]} {what}" for what in ("made", "changed", "deleted"))
    return f"{row['id']:>8}  {when}  {who:<20}  {row['action']:<15}  {counts}"


def undo(
    change_id: Annotated[int, typer.Argument(metavar="N", help="The number of a change.", min=1)],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be undone.")
    ] = False,
    profile: Profile = None,
    set_: Assignments = None,
) -> None:
    """Bring a change back, with all of its job; or say what was built on it, and do nothing."""
    from inkcre.errors import BuiltOn
    from inkcre.graph.settings import CoreSettings
    from inkcre.graph.undoing import undo_change

    with open_base(profile, set_) as context:
        try:
            undone = undo_change(
                context.database,
                change_id,
                keep_days=context.settings.section(CoreSettings).changes_keep_days,
                has_file=_file_finder(context),
                is_trial=dry_run,
            )
        except BuiltOn as error:
            for reason in error.reasons:
                print(reason, file=sys.stderr)
            raise
    numbers = ", ".join(map(str, undone.ids))
    print(f"{'would undo' if dry_run else 'undone'}: {numbers}")
    for line in _tell(undone.plan):
        print(line)


def _file_finder(context: "Components") -> "Callable[[str], bool]":
    from inkcre.errors import NotFound
    from inkcre.graph.files.files import file_key
    from inkcre.graph.storages import PREFIX

    def has_file(content: str) -> bool:
        try:
            context.storage.head(file_key(content.removeprefix(PREFIX)))
        except NotFound:
            return False
        return True

    return has_file


def _tell(plan: "UndoPlan") -> "Iterable[str]":
    yield (
        f"deleted: {len(plan.gone)} blocks, {len(plan.around) + len(plan.lone)} relations; "
        f"changed back: {len(plan.reverted)} blocks; "
        f"brought back: {len(plan.back)} blocks, {len(plan.relations_back)} relations"
    )
    for id_, twin in plan.twins.items():
        yield f"block {id_}: block {twin} says the same; its relations lead there"
    if plan.left:
        yield f"not brought back: {plan.left} relations, for want of a block at an end"
