"""The artifact: a folder that ``wrangler`` deploys as it is.

    wrangler.jsonc     what the Worker is
    src/               the entry, our package, the settings
    python_modules/    other packages
    migrations/        SQL for D1

Building gives every file's content and writes nothing. The same inputs give the same bytes.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from inkcre.application import Application
from inkcre.assembly.adapters import ADAPTERS
from inkcre.discovery import list_installed
from inkcre.edge.artifact.lock import LockedPackage
from inkcre.edge.artifact.modules import collect_modules
from inkcre.edge.artifact.unused import prune
from inkcre.edge.artifact.wheels import read_wheel
from inkcre.edge.artifact.wrangler import (
    MIGRATIONS,
    describe_worker,
    merge_configuration,
    refuse_secrets,
)
from inkcre.edge.worker import CARRIED_MODULE
from inkcre.errors import Misconfigured, OperatorError
from inkcre.packages import find_version
from inkcre.sections.schema import default_application, schema_of
from inkcre.sections.settings import Settings
from inkcre.settings.leaves import Leaf
from inkcre.settings.toml_values import toml_settings
from inkcre.sql.lines import lines_of
from inkcre.sql.revisions import render_revisions

LIMIT_BYTES = 64 * 1024 * 1024
"""How large a Worker may be: https://developers.cloudflare.com/workers/platform/limits/."""

OF_PROCESSES = ("inkcre.jobs.threads", "inkcre.runtime.threads", "inkcre.sql.revisions")
"""What the framework imports inside of functions that no Worker calls."""

HEADER = "# Resolved by `{command} build` from profile {profile}. Change the settings, not this.\n"


class WrongBuildTarget(OperatorError):
    """Tell that a profile is for a process, which needs no artifact."""

    code = "wrong_build_target"


@dataclass(frozen=True)
class PackageSize:
    """How large a package is, in bytes: as its wheel has it, and as the artifact has it."""

    name: str
    version: str
    unpruned: int
    kept: int


@dataclass(frozen=True)
class Artifact:
    """What is to be deployed."""

    files: Mapping[str, bytes]
    """Contents by path."""

    packages: tuple[PackageSize, ...]
    configuration: Mapping[str, object]
    """What is in ``wrangler.jsonc``."""

    @property
    def size(self) -> int:
        """Bytes that are uploaded."""
        uploaded = ("src/", "python_modules/")
        return sum(len(c) for path, c in self.files.items() if path.startswith(uploaded))


def build_artifact(
    settings: Settings,
    leaves: Sequence[Leaf],
    *,
    entry: bytes,
    packages: Sequence[LockedPackage],
    wheels: Mapping[str, Path],
    wrangler: Mapping[str, object],
) -> Artifact:
    """Put an artifact together.

    Args:
        settings: of a profile whose target is ``workers``.
        leaves: the same, leaf by leaf.
        entry: the text of its ``worker.py``.
        packages: what the Worker needs besides us.
        wheels: the file of each package, by name.
        wrangler: the user's own configuration of wrangler; empty when there is none.

    Raises:
        WrongBuildTarget: the profile's target is another.
        SecretInConfiguration: the user's configuration has a secret in its variables.
    """
    if settings.target != "workers":
        raise WrongBuildTarget(
            f"profile {settings.profile}: its target is {settings.target}, which needs no artifact",
            hint="choose a profile such as workers",
        )
    schema = schema_of(settings.application)
    refuse_secrets(schema, wrangler)
    configuration = merge_configuration(describe_worker(schema, settings, leaves), wrangler)
    files = {
        "wrangler.jsonc": (json.dumps(configuration, indent=2) + "\n").encode(),
        **_own_files(settings, leaves, entry),
    }
    sizes = []
    for package in packages:
        unpruned = read_wheel(wheels[package.name])
        kept = prune(unpruned)
        files |= {f"python_modules/{path}": content for path, content in kept.items()}
        sizes.append(PackageSize(package.name, package.version, _total(unpruned), _total(kept)))
    if settings.database.kind == "d1":
        lines = lines_of(settings.application.on("workers"))
        rendered = render_revisions("sqlite", lines)
        files |= {f"{MIGRATIONS}/{name}.sql": sql.encode() for name, sql in rendered}
    return Artifact({path: files[path] for path in sorted(files)}, tuple(sizes), configuration)


def _total(files: Mapping[str, bytes]) -> int:
    return sum(map(len, files.values()))


def _own_files(settings: Settings, leaves: Sequence[Leaf], entry: bytes) -> dict[str, bytes]:
    application = settings.application
    schema = schema_of(application)
    parts = application.on("workers")
    carried = _list_carried(application)
    chosen = {
        port: getattr(settings, port).kind
        for port in ADAPTERS
        if getattr(settings, port).kind in ADAPTERS[port]
    }
    modules = collect_modules(
        entry.decode(),
        adapters=[f"{port}.{kind.replace('-', '_')}" for port, kind in chosen.items()],
        parts=[
            "inkcre.edge.worker",
            *parts.modules(),
            *(reference.partition(":")[0] for reference in carried.values()),
        ],
        without={*OF_PROCESSES, *(m for part in parts.parts for m in part.process_only)},
    )
    # Not masked: what only looks like a secret would be left out. The command has asked INK106
    # before.
    profile = toml_settings(
        schema, [leaf for leaf in leaves if leaf.path != ("profile",)], masked=False
    )
    return {
        "src/worker.py": entry,
        **_write_carried(carried),
        f"src/{schema.filename}": f'profile = "{settings.profile}"\n'.encode(),
        f"src/profiles/{settings.profile}.toml": (
            HEADER.format(command=schema.command, profile=settings.profile) + profile
        ).encode(),
        **_describe_distributions({"inkcre", application.distribution}),
        **{f"src/{path}": content for path, content in modules.items()},
    }


def _list_carried(application: Application) -> dict[str, str]:
    """Return the references of what settings enable, by name."""
    installed = list_installed(application)
    return {part.name: installed[part.name] for part in application.enabled}


def _write_carried(carried: Mapping[str, str]) -> dict[str, bytes]:
    """Write the module that tells a Worker what its artifact carries: nothing is looked for there.

    It imports what it names, so that this is in the snapshot as well.
    """
    if not carried:
        return {}
    modules = dict.fromkeys(reference.partition(":")[0] for reference in carried.values())
    entries = [f'    "{name}": "{reference}",' for name, reference in carried.items()]
    lines = [
        '"""The extensions of this artifact, as `build` has found them."""',
        "",
        *(f"import {module}" for module in modules),
        "",
        "CARRIED = {",
        *entries,
        "}",
    ]
    return {f"src/{CARRIED_MODULE}.py": ("\n".join(lines) + "\n").encode()}


def _describe_distributions(names: Iterable[str]) -> dict[str, bytes]:
    """Return what tells versions: nothing is installed in a Worker, and they are asked for."""
    described = {}
    for name in names:
        said = find_version(name)
        described[f"src/{name}-{said}.dist-info/METADATA"] = (
            f"Metadata-Version: 2.4\nName: {name}\nVersion: {said}\n"
        ).encode()
    return described


def entry_file(application: Application, folder: Path) -> Path:
    """Return the Worker's entry: beside the settings file, else that of InKCre itself.

    Args:
        application: what is to run there.
        folder: where the settings file is.

    Raises:
        Misconfigured: there is none.
    """
    places = [folder]
    if application.own is default_application():
        package = Path(__file__).parents[2]
        places += [package, package.parent]  # when installed, and in a checkout
    for place in places:
        path = place / "worker.py"
        if path.is_file():
            return path
    raise Misconfigured(
        f"worker.py: is missing beside {application.filename}",
        hint="write one, with the line `Default = app.worker(Path(__file__).parent)`",
    )
