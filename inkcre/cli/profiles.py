"""``inkcre profiles`` and ``inkcre plan``: what there is to choose, and what was chosen."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from inkcre.cli.settings_options import Assignments, Format, OutputFormat, Profile, errors_as

if TYPE_CHECKING:
    from inkcre.assembly import Plan


def list_(format_: OutputFormat = Format.TEXT) -> None:
    """List the profiles that can be chosen here."""
    with errors_as(format_):
        found = _describe_profiles()
    if format_ is Format.JSON:
        print(json.dumps({"profiles": found}, indent=2))
        return
    width = max(len(str(profile["name"])) for profile in found)
    for profile in found:
        extends = f" (extends {profile['extends']})" if profile["extends"] else ""
        print(f"{profile['name']:<{width}}  {profile['description']}{extends}  [{profile['file']}]")


def _describe_profiles() -> list[dict[str, str | None]]:
    from inkcre.settings.diagnostics import Report
    from inkcre.settings.loader import find_profiles
    from inkcre.settings.origins import display_path
    from inkcre.settings.profiles import read_document

    report = Report()
    found: list[dict[str, str | None]] = []
    for name, path in sorted(find_profiles(Path.cwd()).items()):
        document = read_document(path, report)
        data = document.data if document else {}
        found.append(
            {
                "name": name,
                "extends": data.get("extends"),
                "description": str(data.get("description", "")),
                "file": display_path(path),
            }
        )
    report.stop_on_problems()
    return found


def plan(
    profile: Profile = None, set_: Assignments = None, format_: OutputFormat = Format.TEXT
) -> None:
    """Show what the settings assemble to, and which line chose it. Opens no connection."""
    from dataclasses import asdict

    from inkcre.assembly import plan_assembly
    from inkcre.settings.loader import load_settings

    with errors_as(format_):
        made = plan_assembly(load_settings(profile, assignments=set_ or ()))
    if format_ is Format.JSON:
        print(json.dumps(asdict(made), indent=2))
    else:
        print(_as_text(made))


def _as_text(plan: "Plan") -> str:
    lineage = " <- ".join(plan.lineage)
    lines = [f"profile  {lineage}  (chosen by {plan.chosen_by})", f"target   {plan.target}", ""]
    for port in plan.ports:
        missing = "" if port.has_adapter else "  (no adapter in this version)"
        lines.append(f"{port.port}: {port.kind}  (chosen by {port.chosen_by}){missing}")
        lines += [f"    {name} = {value}" for name, value in port.options.items()]
        lines += [f"    not {other.kind}: {other.reason}" for other in port.alternatives]
    return "\n".join(lines)
