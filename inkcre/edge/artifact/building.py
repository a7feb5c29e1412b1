"""The artifact: a folder that ``wrangler`` deploys as it is.

    wrangler.jsonc     what the Worker is
    src/               the entry, our package, the settings
    python_modules/    other packages
    migrations/        SQL for D1

Building gives every file's content and writes nothing. The same inputs give the same bytes.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from inkcre.assembly.assembly import ADAPTERS
from inkcre.edge.artifact.lock import LockedPackage
from inkcre.edge.artifact.modules import collect_modules
from inkcre.edge.artifact.pruning import prune
from inkcre.edge.artifact.wheels import read_wheel
from inkcre.edge.artifact.wrangler import (
    MIGRATIONS,
    describe_worker,
    merge_configuration,
    refuse_secrets,
)
from inkcre.errors import Misconfigured, OperatorError
from inkcre.sections.settings import Settings
from inkcre.settings.leaves import Leaf
from inkcre.settings.writing import toml_settings
from inkcre.sql.schema import render_revisions

LIMIT_BYTES = 64 * 1024 * 1024
"""How large a Worker may be: https://developers.cloudflare.com/workers/platform/limits/."""

HEADER = "# Resolved by `inkcre build` from profile {profile}. Change the settings, not this.\n"


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
    packages: Sequence[LockedPackage],
    wheels: Mapping[str, Path],
    wrangler: Mapping[str, object],
) -> Artifact:
    """Put an artifact together.

    Args:
        settings: of a profile whose target is ``workers``.
        leaves: the same, leaf by leaf.
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
    refuse_secrets(wrangler)
    configuration = merge_configuration(describe_worker(settings, leaves), wrangler)
    files = {
        "wrangler.jsonc": (json.dumps(configuration, indent=2) + "\n").encode(),
        **_own_files(settings, leaves),
    }
    sizes = []
    for package in packages:
        unpruned = read_wheel(wheels[package.name])
        kept = prune(unpruned)
        files |= {f"python_modules/{path}": content for path, content in kept.items()}
        sizes.append(PackageSize(package.name, package.version, _total(unpruned), _total(kept)))
    if settings.database.kind == "d1":
        files |= {f"{MIGRATIONS}/{n}.sql": sql.encode() for n, sql in render_revisions("sqlite")}
    return Artifact({path: files[path] for path in sorted(files)}, tuple(sizes), configuration)


def _total(files: Mapping[str, bytes]) -> int:
    return sum(map(len, files.values()))


def _own_files(settings: Settings, leaves: Sequence[Leaf]) -> dict[str, bytes]:
    entry = entry_file().read_bytes()
    chosen = {
        port: getattr(settings, port).kind
        for port in ADAPTERS
        if getattr(settings, port).kind in ADAPTERS[port]
    }
    modules = collect_modules(
        entry.decode(), [f"{port}.{kind.replace('-', '_')}" for port, kind in chosen.items()]
    )
    own_version = version("inkcre")
    profile = toml_settings([leaf for leaf in leaves if leaf.path != ("profile",)], masked=False)
    return {
        "src/worker.py": entry,
        "src/inkcre.toml": f'profile = "{settings.profile}"\n'.encode(),
        f"src/profiles/{settings.profile}.toml": (
            HEADER.format(profile=settings.profile) + profile
        ).encode(),
        f"src/inkcre-{own_version}.dist-info/METADATA": (
            f"Metadata-Version: 2.4\nName: inkcre\nVersion: {own_version}\n"
        ).encode(),
        **{f"src/{path}": content for path, content in modules.items()},
    }


def entry_file() -> Path:
    """Return the Worker's entry: in the package when installed, beside it in a checkout."""
    package = Path(__file__).parents[2]
    for folder in (package, package.parent):
        path = folder / "worker.py"
        if path.is_file():
            return path
    raise Misconfigured("worker.py: is missing", hint="install the package again")
