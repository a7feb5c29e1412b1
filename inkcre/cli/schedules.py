"""``inkcre schedule``: when something is due."""

from datetime import UTC, datetime
from typing import Annotated

import typer

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
) -> None:
    """Show the next five times of cron text or an interval, and how others would read the text."""
    from inkcre.jobs.crons import parse_cron, parse_every, parse_zone

    zone = parse_zone(timezone)
    now = datetime.now(UTC).replace(microsecond=0)
    if expression.strip()[:1].isdecimal() and len(expression.split()) == 1:
        every = parse_every(expression)
        print(f"every {expression.strip()}, beginning at once\n")
        _print_runs([now + number * every for number in range(RUNS)], zone)
        return
    _show_cron(expression, parse_cron(expression), zone, now)


def _show_cron(typed: str, cron: str, zone: str, now: datetime) -> None:
    from inkcre.jobs.crons import list_next, read_elsewhere

    print(f"{cron}, in {zone}\n")
    _print_runs(list_next(cron, now, zone, RUNS), zone)
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
