"""``inkcre config check`` and ``inkcre doctor``: whether the settings, and what they name, work."""

import json
import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from inkcre.cli.settings_options import (
    Assignments,
    Format,
    OutputFormat,
    Profile,
    current_application,
    errors_as,
    inspect_anything,
    inspect_profile,
)
from inkcre.errors import EX_CONFIG

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inkcre.sections.rules.findings import Facts
    from inkcre.sections.schema import Inspection
    from inkcre.settings.diagnostics import Diagnostic


class CheckFormat(StrEnum):
    """How findings are written."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"


class FailLevel(StrEnum):
    """The least level of a finding that makes the check fail."""

    WARNING = "warning"
    ERROR = "error"


def check(
    profile: Profile = None,
    set_: Assignments = None,
    deploy: Annotated[
        bool, typer.Option("--deploy", help="Also check what matters where others can reach it.")
    ] = False,
    fail_level: Annotated[
        FailLevel, typer.Option("--fail-level", help="The least level that fails: status 78.")
    ] = FailLevel.ERROR,
    format_: Annotated[
        CheckFormat, typer.Option("--format", help="For people, machines, or GitHub's annotations.")
    ] = CheckFormat.TEXT,
) -> None:
    """Check the settings, and whether they are wise."""
    from inkcre.sections.rules.checks import check_settings
    from inkcre.sections.rules.findings import Facts

    found = inspect_anything(profile, set_)
    findings = check_settings(found, _ask_facts(found) if deploy else Facts())
    print(_write(findings, format_, found.profile))
    levels = {finding.level for finding in findings}
    if "error" in levels or (fail_level is FailLevel.WARNING and "warning" in levels):
        raise typer.Exit(EX_CONFIG)


def _ask_facts(found: "Inspection") -> "Facts":
    """Ask the database; what that takes is loaded only here."""
    from inkcre.process.probes import ask_facts

    return ask_facts(found.settings)


def _write(findings: "Sequence[Diagnostic]", format_: CheckFormat, profile: str) -> str:
    from inkcre.cli.terminal import choose_paint
    from inkcre.settings.renderers import render_github, render_json, render_text

    if format_ is CheckFormat.JSON:
        return render_json(findings)
    if format_ is CheckFormat.GITHUB:
        return render_github(findings)
    if not findings:
        return f"profile {profile}: no problem in the settings"
    return render_text(findings, choose_paint(sys.stdout), command=current_application().name)


def doctor(
    profile: Profile = None,
    set_: Assignments = None,
    format_: OutputFormat = Format.TEXT,
    thorough: Annotated[
        bool, typer.Option("--thorough", help="Compare all that an SQLite file keeps.")
    ] = False,
) -> None:
    """Try everything that the settings name.

    Status 78 when the settings are wrong, 1 when something else is.
    """
    from inkcre.cli.terminal import choose_paint
    from inkcre.process.doctor import examine
    from inkcre.process.examination import render_examination

    with errors_as(format_):
        found = inspect_profile(profile, set_)
    examination = examine(found, is_thorough=thorough)
    if format_ is Format.JSON:
        print(json.dumps(examination.as_json(), indent=2))
    else:
        is_ascii = not (sys.stdout.encoding or "").lower().startswith("utf")
        print(render_examination(examination, choose_paint(sys.stdout), is_ascii=is_ascii))
    if not examination.is_healthy:
        raise typer.Exit(EX_CONFIG if examination.probes[0].status == "failed" else 1)
