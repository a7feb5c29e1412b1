"""What commands of sources share: their options, what is typed of a source, and its line."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from inkcre.cli.terminal import local_time

if TYPE_CHECKING:
    from inkcre.sources.rows import Source

SourceId = Annotated[int, typer.Argument(metavar="ID", help="The source's id.", min=1)]
Every = Annotated[str | None, typer.Option(help='How often, such as "15m", "2h" or "1d".')]
Cron = Annotated[str | None, typer.Option(help='When, such as "0 7 * * mon-fri".')]
Timezone = Annotated[str | None, typer.Option("--tz", help="Of the cron text.")]
Nickname = Annotated[str | None, typer.Option("--name", help="What you call it.")]
Forget = Annotated[
    bool,
    typer.Option(
        "--forget",
        help="Let what it has brought go, but what others say too or something given hangs on.",
    ),
]


def line_of(source: "Source") -> str:
    """Return a source as lists show it."""
    schedule = source.schedule
    when = "by hand"
    if schedule:
        pace = f"every {schedule.every}" if schedule.every else schedule.cron
        due = schedule.next_run_at
        when = f"{pace}, next {local_time(due) if due else 'never'}"
    name = source.nickname or source.config.get("url") or source.config.get("path") or ""
    line = f"{source.id:>6}  {source.type:<8}  {when:<44}  {name}".rstrip()
    told = tell_lacking(source)
    return f"{line}  ({told})" if told else line


def tell_lacking(source: "Source") -> str:
    """Say what a source no longer gives, since when, and what of it was left out; or nothing."""
    from inkcre.sources.left_out import describe_left_out
    from inkcre.sources.masks import masked_names

    since = f" since {local_time(source.missing_since)}" if source.missing_since else ""
    missing = f"{source.missing} missing{since}" if source.missing else ""
    lacking = ", ".join(masked_names(source.config))
    without = f"without {lacking}, which its export left out" if lacking else ""
    return "; ".join(filter(None, (without, missing, describe_left_out(source.left_out))))


def read_pairs(pairs: Iterable[str] | None) -> dict[str, object]:
    """Return the configuration that ``KEY=VALUE`` texts are; a value may be JSON.

    Raises:
        Invalid: one is none.
    """
    return dict(_read_pair(pair) for pair in pairs or ())


def _read_pair(pair: str) -> tuple[str, object]:
    from inkcre.errors import Invalid

    key, is_there, value = pair.partition("=")
    if not is_there or not key:
        raise Invalid(f'"{pair}" is not KEY=VALUE', field="config")
    try:
        return key, json.loads(value)
    except ValueError:
        return key, value


def schedule_form(
    every: str | None, cron: str | None, timezone: str | None
) -> dict[str, str | None] | None:
    """Return the schedule that options name; None where none does."""
    if every or cron:
        return {"every": every, "cron": cron, "timezone": timezone}
    return None


@contextmanager
def explained_forms() -> Iterator[None]:
    """Tell of a form that makes no sense as of any other mistake.

    Raises:
        Invalid: it makes none.
    """
    from pydantic import ValidationError

    from inkcre.errors import Invalid
    from inkcre.wording import say_fault

    try:
        yield
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(map(str, found["loc"])) or "source"
        raise Invalid(say_fault(found), field=field, hint="see `inkcre sources types`") from None
