"""``inkcre sources edit`` and ``rm``: what a source has brought is kept, or let go when asked."""

from typing import TYPE_CHECKING, Annotated

import typer

from inkcre.cli.bases import open_base
from inkcre.cli.settings_options import Assignments, Profile
from inkcre.cli.terminal import say
from inkcre.commands.source_options import (
    Cron,
    Every,
    Forget,
    Nickname,
    SourceId,
    Timezone,
    explained_forms,
    line_of,
    read_pairs,
    schedule_form,
)

if TYPE_CHECKING:
    from inkcre.sources.removals import Removal


def edit(  # noqa: PLR0917 - its parameters are options
    source_id: SourceId,
    config: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[KEY=VALUE...]", help="Configuration; values may be JSON, null is the default."
        ),
    ] = None,
    every: Every = None,
    cron: Cron = None,
    timezone: Timezone = None,
    nickname: Nickname = None,
    forget: Forget = False,
    profile: Profile = None,
    set_: Assignments = None,
) -> None:
    """Change what is named of a source. What its former place has brought stays."""
    form = {
        "config": read_pairs(config),
        "schedule": schedule_form(every, cron, timezone),
        "nickname": nickname,
    }
    from inkcre.sources.edits import edit_source
    from inkcre.sources.forms import SourceEdit
    from inkcre.sources.registry import find_source_types

    with open_base(profile, set_) as context, explained_forms():
        edited = edit_source(
            context.database,
            find_source_types(context.settings),
            source_id,
            SourceEdit.model_validate({name: said for name, said in form.items() if said}),
            clock=context.clock,
            timezone=context.zone,
            forget=forget,
        )
    say(line_of(edited.source))
    if edited.forgotten:
        say(f"source {source_id}: {edited.forgotten} items forgotten, of the former place")
    if edited.released:
        say(
            f"source {source_id}: {edited.released} items released, of the former place;"
            " what they brought stays"
        )


def remove(
    source_ids: Annotated[list[int], typer.Argument(metavar="ID...", help="Ids.", min=1)],
    forget: Forget = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Change nothing, and tell what would be done.")
    ] = False,
    profile: Profile = None,
    set_: Assignments = None,
) -> None:
    """Delete sources and their schedules. What they have collected stays."""
    from inkcre.sources.removals import delete_source, foresee_removal

    run, done = (foresee_removal, "would be deleted") if dry_run else (delete_source, "deleted")
    with open_base(profile, set_) as context:
        for source_id in source_ids:
            removal = run(context.database, source_id, forget=forget)
            say(f"source {source_id}: {done}; {_told(removal)}")


def _told(removal: "Removal") -> str:
    gone, kept = removal.blocks_gone, removal.blocks_kept
    return f"{removal.items} items, {gone} blocks gone, {kept} blocks kept"
