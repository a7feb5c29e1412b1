"""``inkcre build``, ``inkcre deploy`` and ``inkcre dev``: the Workers artifact."""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from inkcre.cli.edge_checks import refuse_shown_secrets, require_bindings
from inkcre.cli.settings_options import (
    Assignments,
    Format,
    OutputFormat,
    current_application,
    errors_as,
    inspect_profile,
    stop_on_problems,
)
from inkcre.cli.terminal import say
from inkcre.errors import EX_CONFIG

if TYPE_CHECKING:
    from inkcre.edge.artifact.builder import Artifact
    from inkcre.sections.schema import Inspection
    from inkcre.sections.settings import Settings

Out = Annotated[
    Path | None,
    typer.Option(
        "--out", metavar="FOLDER", help="Where the artifact is put; else beside the settings file."
    ),
]
Chosen = Annotated[
    str | None,
    typer.Option(
        "--profile",
        "-p",
        metavar="NAME",
        help="The profile; else the chosen one if it is for Workers, else workers.",
    ),
]
Wheels = Annotated[
    Path | None,
    typer.Option("--wheels", metavar="FOLDER", help="Where wheels are kept; else in the venv."),
]
DEPLOYED = Path("build/workers")
LOCAL = Path("build/workers-local")
"""Another folder, so that what is tried here is not what is deployed."""

PROFILE = "workers"


class Runtime(StrEnum):
    """What runs the artifact on this machine."""

    AUTO = "auto"
    WRANGLER = "wrangler"
    NODE = "node"


@dataclass(frozen=True)
class Built:
    """An artifact, and what it was made from."""

    artifact: "Artifact"
    found: "Inspection"
    settings: "Settings"
    wrangler: Path | None
    """The user's own configuration of wrangler."""


def build(
    profile: Chosen = None,
    set_: Assignments = None,
    out: Out = None,
    wheels: Wheels = None,
    check: Annotated[
        bool,
        typer.Option("--check", help="Write nothing; exit 78 if the folder is not up to date."),
    ] = False,
    format_: OutputFormat = Format.TEXT,
) -> None:
    """Build the Workers artifact: a folder that wrangler deploys as it is."""
    from inkcre.edge.artifact.folder import require_own, write_folder

    with errors_as(format_):
        built = _build(profile, set_, wheels)
        folder = out or built.found.folder / DEPLOYED
        require_own(folder)
        if check:
            _require_current(built.artifact, folder)
        else:
            write_folder(built.artifact.files, folder)
    if format_ is Format.JSON:
        print(json.dumps(_as_json(built, folder), indent=2))
    else:
        print(_render(built, folder, is_checked=check))


def deploy(
    profile: Chosen = None,
    set_: Assignments = None,
    out: Out = None,
    wheels: Wheels = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Do all but upload; missing ids are named and tolerated."),
    ] = False,
) -> None:
    """Build the artifact, check the settings for deployment, and hand it to wrangler."""
    from inkcre.edge.artifact.folder import write_folder
    from inkcre.edge.local.node import node_environment, wrangler_command

    built = _build(profile, set_, wheels)
    folder = out or built.found.folder / DEPLOYED
    write_folder(built.artifact.files, folder)
    print(_render(built, folder), flush=True)
    if not _may_deploy(built, without_ids=dry_run):
        raise typer.Exit(EX_CONFIG)
    with tempfile.TemporaryDirectory() as bundle:
        extra = ["--dry-run", "--outdir", bundle] if dry_run else []
        done = subprocess.run(  # noqa: S603 - no shell
            wrangler_command("deploy", *extra),
            cwd=folder,
            env=node_environment(is_asked=not dry_run),
            check=False,
        )
    raise typer.Exit(done.returncode)


def dev(  # noqa: PLR0917 - each is an option of the command line
    profile: Chosen = None,
    set_: Assignments = None,
    edge: Annotated[
        bool, typer.Option("--edge", help="Serve the Workers artifact. (Else: run.)")
    ] = False,
    out: Out = None,
    wheels: Wheels = None,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="On loopback; 0 takes a free one.")
    ] = 8787,
    runtime: Annotated[
        Runtime, typer.Option("--runtime", help="wrangler: Cloudflare's own; node: Pyodide.")
    ] = Runtime.AUTO,
    postgres: Annotated[
        str | None,
        typer.Option(
            "--postgres", metavar="URL", help="The PostgreSQL in the place of Hyperdrive."
        ),
    ] = None,
) -> None:
    """Serve the Workers artifact on this machine."""
    from inkcre.edge.artifact.folder import write_folder
    from inkcre.edge.local.migrations import apply_migrations
    from inkcre.edge.local.server import require_free, serve_locally

    if not edge:
        raise typer.BadParameter(
            f"say --edge; to serve in a process: `{current_application().name} run`"
        )
    require_free(port)
    say("building")
    built = _build(profile, set_, wheels)
    settings = built.settings
    hyperdrive = _find_postgres(built, postgres)
    folder = out or built.found.folder / LOCAL
    write_folder(built.artifact.files, folder)
    if settings.database.kind == "d1":
        say("applying the migrations")
        apply_migrations(folder, settings.database.binding, folder / ".wrangler" / "state")
    say("starting")
    status = serve_locally(folder, runtime=runtime.value, port=port, hyperdrive=hyperdrive, say=say)
    raise typer.Exit(status)


def _find_postgres(built: Built, given: str | None) -> dict[str, str]:
    """Return what stands in Hyperdrive's place, by the binding's name."""
    database = built.settings.database
    if database.kind != "hyperdrive":
        return {}
    variable = f"CLOUDFLARE_HYPERDRIVE_LOCAL_CONNECTION_STRING_{database.binding}"
    url = given or os.environ.get(variable)
    if not url:
        raise typer.BadParameter(
            f"there is no Hyperdrive here: give --postgres URL, or set {variable}"
        )
    parts = urlsplit(url)
    if parts.scheme not in ("postgres", "postgresql") or not parts.hostname or not parts.username:
        raise typer.BadParameter(
            "--postgres: write postgresql://user:password@host:port/name, with a user and a host"
        )
    return {database.binding: url}


def _build(profile: str | None, assignments: list[str] | None, wheels: Path | None) -> Built:
    """Build in memory.

    Raises:
        SettingsError: the settings are wrong.
        WrongBuildTarget: the profile is for a process.
        NoWheel: a package cannot run on Workers.
        Unavailable: the package index does not answer.
    """
    from inkcre.edge.artifact.builder import build_artifact, entry_file
    from inkcre.edge.artifact.configuration import find_configuration, read_configuration
    from inkcre.edge.artifact.extension_lock import read_packages
    from inkcre.edge.artifact.wheels import fetch_wheels
    from inkcre.edge.artifact.wrangler import binding_names
    from inkcre.edge.tools import tools_folder

    found = inspect_profile(profile or _chosen_for_workers(), assignments)
    stop_on_problems(found)
    assert found.settings is not None
    refuse_shown_secrets(found)
    wrangler = find_configuration(found.folder)
    packages = read_packages(found.settings.application, found.folder)
    theirs = read_configuration(wrangler) if wrangler else {}
    artifact = build_artifact(
        found.settings,
        found.leaves(),
        entry=entry_file(found.settings.application, found.folder).read_bytes(),
        packages=packages,
        wheels=fetch_wheels(packages, wheels or tools_folder() / "wheels"),
        wrangler=theirs,
    )
    require_bindings(found, binding_names(artifact.configuration))
    return Built(artifact, found, found.settings, wrangler)


def _chosen_for_workers() -> str:
    """Return the profile that the surroundings choose, if it is for Workers, else ``workers``."""
    from inkcre.settings.leaves import effective_value

    found = inspect_profile(None)  # one that does not exist is a mistake, not another choice
    is_for_workers = effective_value(found.origins, ("target",)) == "workers"
    return found.profile if is_for_workers else PROFILE


def _require_current(artifact: "Artifact", out: Path) -> None:
    from inkcre.edge.artifact.folder import StaleArtifact, compare_folder
    from inkcre.settings.origins import display_path

    if not out.exists():
        raise StaleArtifact(
            f"{display_path(out)}: is not there; nothing was built", hint="run `inkcre build`"
        )
    different = compare_folder(artifact.files, out)
    if different:
        shown = ", ".join(different[:5]) + (" and others" if len(different) > 5 else "")
        raise StaleArtifact(
            f"{display_path(out)}: is not up to date: {shown}",
            hint="run `inkcre build`",
        )


def _may_deploy(built: Built, *, without_ids: bool) -> bool:
    """Tell what speaks against a deployment; tell whether nothing of it forbids it."""
    from inkcre.cli.terminal import choose_paint
    from inkcre.edge.artifact.wrangler import placeholders
    from inkcre.sections.rules.checks import check_settings
    from inkcre.sections.rules.findings import Facts
    from inkcre.settings.renderers import render_text

    waiting = [f"bindings.{name}.id" for name in placeholders(built.artifact.configuration)]
    findings = [
        finding
        for finding in check_settings(built.found, Facts(is_deploying=True))
        # An id, or a whole binding, may also be in the user's own configuration of wrangler; the
        # bindings were looked at when the artifact was built.
        if finding.code != "INK207" and (finding.code != "INK210" or finding.subject in waiting)
    ]
    if findings:
        print(
            render_text(findings, choose_paint(sys.stderr), command=current_application().name),
            file=sys.stderr,
        )
    tolerated = {"INK210"} if without_ids else set()
    return all(finding.level != "error" or finding.code in tolerated for finding in findings)


def _render(built: Built, out: Path, *, is_checked: bool = False) -> str:
    """Write the table of sizes for people."""
    from inkcre.edge.artifact.builder import LIMIT_BYTES
    from inkcre.edge.artifact.wrangler import OWN_KEYS, placeholders
    from inkcre.settings.origins import display_path

    artifact = built.artifact
    own = artifact.size - sum(package.kept for package in artifact.packages)
    rows: list[tuple[str, int, int]] = [(f"{built.found.schema.command} and the settings", own, 0)]
    rows += [
        (f"{package.name} {package.version}", package.kept, package.unpruned - package.kept)
        for package in sorted(artifact.packages, key=lambda package: -package.kept)
    ]
    rows += [("in all", artifact.size, sum(cut for _, _, cut in rows))]
    lines = [f"{'package':<32}{'KiB':>9}{'pruned':>9}"]
    lines += [f"{name:<32}{kept / 1024:>9,.0f}{cut / 1024:>9,.0f}" for name, kept, cut in rows]
    lines += [f"{'limit':<32}{LIMIT_BYTES / 1024:>9,.0f}", ""]
    if built.wrangler:
        lines.append(f"merged with {display_path(built.wrangler)}; not {', '.join(OWN_KEYS)}")
    done = "is up to date" if is_checked else "written"
    lines.append(
        f"{display_path(out)}: {done}, {len(artifact.files)} files, profile {built.found.profile}"
    )
    check = f"{built.found.schema.command} config check --deploy -p {built.found.profile}"
    lines += [
        f"{name} has no id yet: see `{check}`" for name in placeholders(artifact.configuration)
    ]
    return "\n".join(lines)


def _as_json(built: Built, out: Path) -> dict[str, object]:
    from inkcre.edge.artifact.builder import LIMIT_BYTES
    from inkcre.edge.artifact.wrangler import placeholders

    return {
        "folder": str(out),
        "bytes": built.artifact.size,
        "limit": LIMIT_BYTES,
        "files": len(built.artifact.files),
        "packages": [asdict(package) for package in built.artifact.packages],
        "without_id": placeholders(built.artifact.configuration),
    }
