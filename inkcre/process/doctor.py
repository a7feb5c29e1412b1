"""An examination: the settings first, then everything that they name, each with its time."""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from inkcre.assembly.assembly import build_components, build_keyvalue, build_storage
from inkcre.context import Components
from inkcre.core import CUSTODY
from inkcre.errors import InkcreError, Misconfigured, NotInstalled, SchemaBehind, Unsupported
from inkcre.graph.files.claims import judge, may_claim, refusal
from inkcre.graph.files.epochs import see
from inkcre.graph.files.sweeps import list_orphans
from inkcre.packages import EXTRAS, explain_import
from inkcre.ports.storage import Standing, Storage
from inkcre.process import probes
from inkcre.runtime.lifecycle import keep_former_folder
from inkcre.sections.database import PostgresSettings, SqliteSettings
from inkcre.sections.rules.checks import check_settings
from inkcre.sections.rules.findings import Facts
from inkcre.sections.scheduler import ApschedulerSettings
from inkcre.sections.settings import Settings
from inkcre.settings.loader import Inspection
from inkcre.settings.masking import mask, mask_forms
from inkcre.settings.origins import display_path
from inkcre.settings.rendering import Paint, Role, count_problems, plain, visible
from inkcre.sources.registry import InstalledSourceTypes
from inkcre.sql import schema
from inkcre.sql.tables import SCHEMA_HEAD

Status = Literal["ok", "failed", "skipped"]

REMEDIES: Mapping[str, str] = {
    "database": "check that the server runs, and that database.url names it",
    "clock": "let both machines set their clocks by NTP",
    "schema": "run `inkcre migrate`",
    "storage": "check that the place is there, and that its keys are right",
    "keyvalue": "mend the database first",
    "scheduler": "run it again; if it stays so, reinstall inkcre[local]",
}
"""What to do where the error itself does not say it."""

MARKS: Mapping[Status, str] = {"ok": "✓", "failed": "✗", "skipped": "-"}
ASCII_MARKS: Mapping[Status, str] = {"ok": "+", "failed": "x", "skipped": "-"}
ROLES: Mapping[Status, Role] = {"ok": "help", "failed": "error", "skipped": "frame"}


class _NotTried(Exception):
    """Tell why a probe makes no sense here."""


@dataclass(frozen=True)
class Probe:
    """What one probe found."""

    name: str
    status: Status
    detail: str
    help: str | None
    milliseconds: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "detail", mask_forms(self.detail))
        object.__setattr__(self, "help", self.help and mask_forms(self.help))


@dataclass(frozen=True)
class Examination:
    """What all probes found."""

    profile: str
    target: str
    probes: tuple[Probe, ...]

    @property
    def is_healthy(self) -> bool:
        """Whether nothing failed."""
        return all(probe.status != "failed" for probe in self.probes)

    def as_json(self) -> dict[str, object]:
        """Return the examination as plain data."""
        return {**asdict(self), "healthy": self.is_healthy}


def examine(found: Inspection) -> Examination:
    """Try everything that the settings name, and stop at nothing."""
    leaves = {leaf.key: leaf.value for leaf in found.leaves()}
    tried = [_try("settings", lambda: _examine_settings(found))]
    if found.settings is None:
        names = ("database", "schema", "clock", "storage", "files", "keyvalue", "scheduler")
        tried += [Probe(name, "skipped", "the settings are wrong", None, 0) for name in names]
    else:
        tried += _examine_surroundings(found.settings)
    tried.append(_try("sources", lambda: _examine_sources(found.settings)))
    needed = {"local"}
    needed |= {"postgres"} if leaves.get("database.kind") == "postgres" else set()
    needed |= {"edge"} if leaves["target"] == "workers" else set()
    tried += [_try(f"extra {name}", _bind(_examine_extra, name, needed)) for name in EXTRAS]
    return Examination(found.profile, mask(str(leaves["target"])), tuple(tried))


def _bind(function: Callable[..., str], *arguments: object) -> Callable[[], str]:
    return lambda: function(*arguments)


def _try(name: str, probe: Callable[[], str]) -> Probe:
    started = time.perf_counter()
    status: Status = "ok"
    help_ = None
    try:
        detail = probe()
    except _NotTried as reason:
        status, detail = "skipped", str(reason)
    except InkcreError as error:
        status, detail, help_ = "failed", error.message, error.hint or REMEDIES.get(name)
    return Probe(name, status, detail, help_, round(1000 * (time.perf_counter() - started), 1))


def _examine_settings(found: Inspection) -> str:
    findings = check_settings(found, Facts())
    said = f"{count_problems(findings)}"
    if any(finding.level == "error" for finding in findings):
        hint = f"run `inkcre config check --profile {found.profile}`, with the same --set if any"
        raise Misconfigured(said, hint=hint)
    return said


def _examine_surroundings(settings: Settings) -> Iterator[Probe]:
    if settings.target == "workers":
        for name in ("database", "schema", "clock", "storage", "files", "keyvalue", "scheduler"):
            reason = "lives on Cloudflare; once deployed, /readyz tells"
            yield Probe(name, "skipped", reason, None, 0)
        return
    try:
        components = build_components(settings)
    except InkcreError as error:
        yield Probe("database", "failed", error.message, error.hint, 0)
        components = None
    about_database = list(_examine_database(settings, components))
    yield from about_database
    is_away = any(probe.status == "failed" for probe in about_database if probe.name == "database")
    yield from _examine_storage(settings, None if is_away else components)
    reachable = None if is_away else components
    yield _try("keyvalue", lambda: _examine_keyvalue(settings, reachable))
    yield _try("scheduler", lambda: _examine_scheduler(settings))
    if components:
        components.database.close()


def _examine_database(settings: Settings, components: Components | None) -> Iterator[Probe]:
    is_there = False
    if components:
        reached = _try("database", lambda: _reach_database(settings, components))
        is_there = reached.status == "ok" or _is_absent(settings)
        yield reached
    for name, probe in (("schema", _examine_schema), ("clock", _examine_clock)):
        if components and is_there:
            yield _try(name, _bind(probe, settings, components))
        else:
            yield Probe(name, "skipped", "the database does not answer", None, 0)


def _is_absent(settings: Settings) -> bool:
    """Tell whether the settings name an SQLite file in which nobody has made a base yet."""
    database = settings.database
    return (
        isinstance(database, SqliteSettings)
        and isinstance(database.path, Path)
        and probes.is_absent(database)
    )


def _reach_database(settings: Settings, components: Components) -> str:
    if _is_absent(settings):
        _require_room(settings)
        probes.require_base(settings, components.database)
    components.database.ping()
    return f"{probes.ask_version(components.database)} answers"


def _require_room(settings: Settings) -> None:
    """Raise unless the file that is not there could be made."""
    path = settings.database.path if isinstance(settings.database, SqliteSettings) else None
    if not isinstance(path, Path) or os.path.lexists(path):
        return
    folder = next(p for p in path.parents if os.path.lexists(p))
    if not (folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)):
        raise Misconfigured(
            f"database.path: {display_path(folder)} is no folder that can be written to",
            hint="check its rights, or set another path",
        )


def _examine_schema(settings: Settings, components: Components) -> str:
    makes_it = bool(getattr(settings.database, "migrate_on_start", False))
    if _is_absent(settings):
        if makes_it:
            return f"made when the server starts, at {SCHEMA_HEAD}"
        raise SchemaBehind("database: there is no schema yet", hint="run `inkcre migrate`")
    revision = schema.read_revision(components.database)
    if makes_it and (revision or "") < SCHEMA_HEAD:
        return f"at {revision or 'nothing'}, brought to {SCHEMA_HEAD} when the server starts"
    schema.require_head(components.database)
    return f"at {SCHEMA_HEAD}, as this version needs"


def _examine_clock(settings: Settings, components: Components) -> str:
    if not isinstance(settings.database, PostgresSettings):
        raise _NotTried("the database has this machine's")
    skew = probes.measure_skew(components.database, components.clock)
    said = f"the database's is {abs(skew):.3f} s {'ahead' if skew > 0 else 'behind'}"
    if abs(skew) > probes.MAX_SKEW_SECONDS:
        raise Misconfigured(said, hint="let both machines set their clocks by NTP")
    return said


def _examine_storage(settings: Settings, components: Components | None) -> Iterator[Probe]:
    """Write only where it is not another base's."""
    standing: Standing | None = None

    def find_owner() -> str:
        nonlocal standing
        if components is None or _is_absent(settings):
            raise _NotTried("the database does not answer, or is not there yet")
        if schema.read_revision(components.database) != SCHEMA_HEAD:
            raise _NotTried("the database's schema is not up to date")
        if not components.storage.capabilities.outlives_process:
            return "this process's own"
        keep_former_folder(settings, components, CUSTODY)
        standing = judge(components.database, see(components.storage))
        return _describe_owner(components, standing)

    def write() -> str:
        storage = components.storage if components else build_storage(settings)
        if standing is None and storage.capabilities.outlives_process and see(storage).numbers:
            raise _NotTried("some base's; whether it is this one's cannot be told")
        if standing is not None and standing.state == "taken":
            raise _NotTried("another base's: nothing was written there")
        return _try_storage(settings.storage.kind, storage)

    owner = _try("files", find_owner)
    yield _try("storage", write)
    yield owner


def _describe_owner(components: Components, standing: Standing) -> str:
    if standing.state == "unclaimed" and may_claim(components.database, components.storage):
        return f"nobody's yet; base {standing.base} claims them when it starts"
    if standing.state != "ours":
        raise refusal(standing)
    orphans = list_orphans(components.database, components.storage, components.clock, standing)
    return f"of this base, {standing.base}; {sum(1 for _ in orphans)} orphans"


def _try_storage(kind: str, storage: Storage) -> str:
    made = probes.absent_folders(storage)
    is_exclusive = probes.try_storage(storage)
    for folder in made:
        if folder.exists():
            folder.rmdir()  # the doctor leaves nothing behind
    said = f"{kind}: written, read back and removed"
    if not is_exclusive:
        said += "; it puts over what is there, so nothing is deleted by itself"
    return said


def _examine_keyvalue(settings: Settings, components: Components | None) -> str:
    if settings.keyvalue.kind == "database" and _is_absent(settings):
        raise _NotTried("the database is not there yet")
    if settings.keyvalue.kind == "database" and components is None:
        raise _NotTried("the database does not answer")
    database = components.database if components else None
    probes.try_keyvalue(build_keyvalue(settings, database))
    return f"{settings.keyvalue.kind}: kept, read back and forgotten"


def _examine_scheduler(settings: Settings) -> str:
    if not isinstance(settings.scheduler, ApschedulerSettings):
        raise _NotTried(f"{settings.scheduler.kind}: nothing ticks in this process")
    seconds = probes.try_apscheduler(settings.scheduler)
    return f"apscheduler: ran what was due after {1000 * seconds:.0f} ms"


def _examine_sources(settings: Settings | None) -> str:
    """Import what sources import when they collect: an installation may lack a part of it."""
    if settings is None or settings.target == "workers":
        raise _NotTried("they collect on Cloudflare" if settings else "the settings are wrong")
    types, usable = InstalledSourceTypes(settings), []
    missing: dict[str, NotInstalled] = {}
    for name in types.names():
        try:
            for module in types.load(name).imports:
                _import(module, by=f'source type "{name}"')
            usable.append(name)
        except NotInstalled as error:
            missing.setdefault(error.message.partition(": ")[2], error)
        except Unsupported:  # a folder, while no folder may be read
            continue
    if missing:
        said = "; ".join(error.message for error in missing.values())
        raise NotInstalled(said, hint=next(iter(missing.values())).hint)
    return f"{', '.join(usable)}: all that they import is there"


def _import(module: str, *, by: str) -> None:
    try:
        import_module(module)
    except ImportError as error:
        raise explain_import(error, by=by) from error


def _examine_extra(name: str, needed: set[str]) -> str:
    versions = {package: _version(package) for package in EXTRAS[name]}
    missing = [package for package, found in versions.items() if found is None]
    if not missing:
        return ", ".join(f"{package} {found}" for package, found in versions.items())
    said = f"not installed: {', '.join(missing)}"
    if name not in needed:
        raise _NotTried(f"{said}; this profile does not need it")
    raise Misconfigured(said, hint=f"run `pip install 'inkcre[{name}]'`")


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def render_examination(
    examination: Examination, paint: Paint = plain, *, is_ascii: bool = False
) -> str:
    """Write an examination for people: a line each, and below a failure what to do."""
    marks = ASCII_MARKS if is_ascii else MARKS
    width = max(len(probe.name) for probe in examination.probes)
    lines = [f"profile {examination.profile}, target {examination.target}", ""]
    for probe in examination.probes:
        mark = paint(ROLES[probe.status], marks[probe.status])
        took = f"  ({probe.milliseconds:.0f} ms)" if probe.status != "skipped" else ""
        lines.append(f"{mark} {probe.name:<{width}}  {visible(probe.detail)}{took}")
        if probe.help:
            lines.append(f"  {'':<{width}}  {paint('help', 'help:')} {visible(probe.help)}")
    lines += ["", "all is well" if examination.is_healthy else "something is wrong"]
    return "\n".join(lines)
