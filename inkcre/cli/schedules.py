"""``inkcre schedule``: when something is due."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from inkcre.cli.bases import open_base
from inkcre.cli.settings_options import Assignments, Format, OutputFormat, Profile, errors_as
from inkcre.cli.terminal import local_time, write_json

if TYPE_CHECKING:
    from inkcre.jobs.schedules import Schedule
    from inkcre.ports.database import Database

app = typer.Typer(no_args_is_help=True, help="When something is due.", rich_markup_mode=None)

RUNS = 5


@app.callback()
def root() -> None:
    """When something is due."""


@app.command("next")
def show_next(
    expression: Annotated[
        str, typer.Argument(metavar="EXPR", help='Cron text such as "0 7 * * mon-fri", or "15m".')
    ],
    timezone: Annotated[str, typer.Option("--tz", help="The time zone.")] = "UTC",
    format_: OutputFormat = Format.TEXT,
) -> None:
    """Show the next five times of cron text or an interval, and how others would read the text."""
    from inkcre.jobs.crons import list_next, parse_cron, parse_every, parse_zone

    with errors_as(format_):
        zone = parse_zone(timezone)
        now = datetime.now(UTC).replace(microsecond=0)
        is_interval = expression.strip()[:1].isdecimal() and len(expression.split()) == 1
        if is_interval:
            every, cron = parse_every(expression), None
            runs = [now + number * every for number in range(RUNS)]
        else:
            cron = parse_cron(expression)
            runs = list_next(cron, now, zone, RUNS)
    if format_ is Format.JSON:
        _write_runs(None if cron else expression.strip(), cron, zone, runs)
    elif cron is None:
        print(f"every {expression.strip()}, beginning at once\n")
        _print_runs(runs, zone)
    else:
        _show_cron(expression, cron, zone, runs)


def _write_runs(every: str | None, cron: str | None, zone: str, runs: list[datetime]) -> None:
    from inkcre.sql.timestamps import format_timestamp

    said = [format_timestamp(run) for run in runs]
    write_json({"every": every, "cron": cron, "timezone": zone, "runs": said})


@app.command("list")
def list_(
    profile: Profile = None, set_: Assignments = None, format_: OutputFormat = Format.TEXT
) -> None:
    """List schedules, newest first: id, when, next time, what they bring."""
    with errors_as(format_), open_base(profile, set_) as context:
        schedules, now = list(_all_schedules(context.database)), context.clock()
    if format_ is Format.JSON:
        write_json({"schedules": [vars(schedule) for schedule in schedules]})
        return
    for schedule in schedules:
        pace = f"every {schedule.every}" if schedule.every else schedule.cron
        due = schedule.next_run_at
        is_due = due is not None and datetime.fromisoformat(due) <= now
        due = "at once" if is_due else local_time(due) if due else "never"
        source = f" of source {schedule.source_id}" if schedule.source_id else ""
        print(f"{schedule.id:>6}  {f'{pace}, next {due}':<44}  {schedule.kind}{source}")


def _all_schedules(database: "Database") -> Iterator["Schedule"]:
    from inkcre.jobs.schedules import list_schedules

    cursor = None
    while True:
        page, cursor = list_schedules(database, limit=100, cursor=cursor)
        yield from page
        if cursor is None:
            return


def _show_cron(typed: str, cron: str, zone: str, runs: list[datetime]) -> None:
    from inkcre.jobs.crons import read_elsewhere

    print(f"{cron}, in {zone}\n")
    _print_runs(runs, zone)
    print("\ndev, server and workers read it alike: our own tick does, in that time zone.")
    for reading in read_elsewhere(typed):
        if reading.text is None:
            print(f"{reading.home} would refuse it: {reading.note}")
        elif reading.text != cron or reading.note.count(";"):
            print(f"{reading.home} would read {reading.text}: {reading.note}")
        else:
            print(f"{reading.home} would read the same")


def _print_runs(runs: list[datetime], zone: str) -> None:
    from zoneinfo import ZoneInfo

    for run in runs:
        local, utc = run.astimezone(ZoneInfo(zone)), run.astimezone(UTC)
        said = "" if zone == "UTC" else f"   = {utc:%Y-%m-%d %H:%M} UTC"
        print(f"  {local:%a %Y-%m-%d %H:%M %Z}{said}")
