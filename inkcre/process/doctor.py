"""An examination: the settings first, then everything that they name, each with its time."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import FunctionType

from inkcre.application import Application
from inkcre.assembly.assembly import (
    build_components,
    build_keyvalue,
    build_storage,
)
from inkcre.assembly.clocks import MAX_SKEW_SECONDS
from inkcre.context import Components
from inkcre.errors import (
    DatabaseDamaged,
    InkcreError,
    Misconfigured,
    NotTried,
    SchemaBehind,
    in_words_of,
)
from inkcre.lending import Parameters, find_parameters, refuse_unknown
from inkcre.packages import EXTRAS, find_extra
from inkcre.ports.database import DAMAGE_HINT, Hindered, Remote, SelfChecking, Timed
from inkcre.ports.storage import WAYS_ROUND, Storage
from inkcre.process import probes
from inkcre.process.examination import Examination, Probe, Status
from inkcre.runtime.lifecycle import Custody, keep_former_folder
from inkcre.sections.database import SqliteSettings
from inkcre.sections.rules.checks import check_settings
from inkcre.sections.rules.findings import Facts
from inkcre.sections.scheduler import ApschedulerSettings
from inkcre.sections.schema import Inspection, application_of
from inkcre.sections.settings import Settings
from inkcre.settings.masks import mask
from inkcre.settings.renderers import count_problems
from inkcre.sql import schema
from inkcre.sql.lines import lines_of

SURROUNDINGS = ("database", "schema", "clock", "jobs", "storage", "keyvalue", "scheduler")
"""What is tried of every application, beside the settings."""

ELSEWHERE = "lives on Cloudflare; once deployed, /readyz tells"

REMEDIES: Mapping[str, str] = {
    "database": "check that the server runs, and that database.url names it",
    "clock": "let both machines set their clocks by NTP",
    "schema": "run `inkcre migrate`",
    "storage": "check that the place is there, and that its keys are right",
    "keyvalue": "mend the database first",
    "scheduler": "run it again; if it stays so, reinstall inkcre[local]",
}
"""What to do where the error itself does not say it."""


def examine(found: Inspection, *, is_thorough: bool = False) -> Examination:
    """Try everything that the settings name, and stop at nothing.

    Args:
        found: the settings.
        is_thorough: whether a database that can is to compare all that it keeps.

    Raises:
        BadReference, NotLent: a part of the application brings a probe that is none.
    """
    leaves = {leaf.key: leaf.value for leaf in found.leaves()}
    tried = [
        _try("settings", lambda: _examine_settings(found)),
        _try("parts", lambda: _examine_parts_themselves(found)),
    ]
    if found.settings is None:
        names = (*SURROUNDINGS, *application_of(found).owners("probes"))
        tried += [Probe(name, "skipped", "the settings are wrong", None, 0) for name in names]
    else:
        tried += _examine_surroundings(found.settings, is_thorough)
    needed = {"local"}
    if leaves.get("database.kind") == "postgres":
        needed |= {find_extra(str(leaves.get("database.driver"))) or "postgres"}
    needed |= {"edge"} if leaves["target"] == "workers" else set()
    tried += [_try(f"extra {name}", _bind(_examine_extra, name, needed)) for name in EXTRAS]
    schema_ = found.schema
    in_words = [_say_in_words_of(schema_.command, schema_.prefix, probe) for probe in tried]
    return Examination(found.profile, mask(str(leaves["target"])), tuple(in_words))


def _say_in_words_of(command: str, prefix: str, probe: Probe) -> Probe:
    return replace(probe, help=probe.help and in_words_of(command, prefix, probe.help))


def _bind(function: Callable[..., str], *arguments: object) -> Callable[[], str]:
    return lambda: function(*arguments)


def _examine_parts_themselves(found: Inspection) -> str:
    """Look up all that the parts name; what that takes is loaded only here."""
    from inkcre.app import load_parts

    if found.settings is None:
        raise NotTried("the settings are wrong")
    load_parts(found.settings)
    application = found.settings.application
    return ", ".join(part.name for part in (*application.extensions, *application.enabled))


def _try(name: str, probe: Callable[[], str]) -> Probe:
    started = time.perf_counter()
    status: Status = "ok"
    help_ = None
    try:
        detail = probe()
    except NotTried as reason:
        status, detail = "skipped", str(reason)
    except InkcreError as error:
        status, detail, help_ = "failed", error.message, error.hint or REMEDIES.get(name)
    except Exception as error:  # noqa: BLE001 - of a part's probe: the others are to be shown
        status, detail = "failed", f"{type(error).__name__}: {error}"
    return Probe(name, status, detail, help_, round(1000 * (time.perf_counter() - started), 1))


def _examine_settings(found: Inspection) -> str:
    findings = check_settings(found, Facts())
    said = f"{count_problems(findings)}"
    if any(finding.level == "error" for finding in findings):
        hint = f"run `inkcre config check --profile {found.profile}`, with the same --set if any"
        raise Misconfigured(said, hint=hint)
    return said


def _examine_surroundings(settings: Settings, is_thorough: bool) -> Iterator[Probe]:
    parts = settings.application.on(settings.target)
    if settings.target == "workers":
        yield from (Probe(name, "skipped", ELSEWHERE, None, 0) for name in SURROUNDINGS)
        yield from _examine_parts(settings, parts, None)
        return
    try:
        components = build_components(settings)
    except InkcreError as error:
        yield Probe("database", "failed", error.message, error.hint, 0)
        components = None
    about_database = list(_examine_database(settings, components, is_thorough))
    yield from about_database
    is_away = any(probe.status == "failed" for probe in about_database if probe.name == "database")
    reachable = None if is_away else components
    if reachable and not _is_absent(settings) and _is_current(reachable):
        keep_former_folder(settings, reachable)
    yield _try("storage", lambda: _write_files(settings, parts, reachable))
    yield _try("keyvalue", lambda: _examine_keyvalue(settings, reachable))
    yield _try("scheduler", lambda: _examine_scheduler(settings))
    yield from _examine_parts(settings, parts, reachable)
    if components:
        components.database.close()


def _examine_database(
    settings: Settings, components: Components | None, is_thorough: bool
) -> Iterator[Probe]:
    is_there = False
    if components:
        reached = _try("database", lambda: _reach_database(settings, components, is_thorough))
        is_there = reached.status == "ok" or _is_absent(settings) or _is_read_only(components)
        yield reached
    about_base = {"schema": _examine_schema, "clock": _examine_clock, "jobs": _examine_jobs}
    for name, probe in about_base.items():
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


def _is_read_only(components: Components) -> bool:
    """Tell whether the database can be read, if not written to."""
    database = components.database
    try:
        database.ping()
        return isinstance(database, Hindered) and database.find_hindrance() is not None
    except InkcreError:
        return False


def _reach_database(settings: Settings, components: Components, is_thorough: bool) -> str:
    probes.require_room(settings)
    if _is_absent(settings):
        probes.require_base(settings, components.database)
    database = components.database
    database.ping()
    if isinstance(database, SelfChecking):
        damage = database.find_damage(is_thorough=is_thorough)
        if damage:
            raise DatabaseDamaged(f"database: the file is damaged: {damage}", hint=DAMAGE_HINT)
    pooler = database.find_pooler() if isinstance(database, Remote) else None
    return f"{probes.ask_version(database)} answers{f', {pooler}' if pooler else ''}"


def _examine_schema(settings: Settings, components: Components) -> str:
    makes_it = bool(getattr(settings.database, "migrate_on_start", False))
    lines = lines_of(components.application)
    needed = schema.describe(schema.heads_of(lines))
    if _is_absent(settings):
        if makes_it:
            return f"made when the server starts: {needed}"
        raise SchemaBehind("database: there is no schema yet", hint="run `inkcre migrate`")
    revisions = schema.read_revisions(components.database, lines)
    if makes_it and schema.is_behind(revisions, lines):
        return f"{schema.describe(revisions)}; when the server starts, {needed}"
    schema.require_head(components.database, lines)
    return f"{needed}, as this version needs"


def _examine_clock(settings: Settings, components: Components) -> str:
    if not _is_absent(settings) and _is_current(components):
        probes.require_times(components)
    if not isinstance(components.database, Timed):
        raise NotTried("the database has this machine's")
    skew = probes.measure_skew(components.database)
    said = f"the database's is {abs(skew):.3f} s {'ahead' if skew > 0 else 'behind'}"
    if abs(skew) > MAX_SKEW_SECONDS:
        raise Misconfigured(said, hint="let both machines set their clocks by NTP")
    return said


def _examine_jobs(settings: Settings, components: Components) -> str:
    if _is_absent(settings) or not _is_current(components):
        raise NotTried("there is no base yet, or its schema is not up to date")
    return probes.require_known(components)


def _write_files(
    settings: Settings, application: Application, components: Components | None
) -> str:
    """Write only where it is not another base's."""
    storage = components.storage if components else build_storage(settings)
    custody = application.load_custody(Custody)
    if custody and storage.capabilities.outlives_process:
        if components and not _is_absent(settings) and _is_current(components):
            # judge, and not look: a doctor claims nothing.
            if custody.judge(components.database, storage).state == "taken":
                raise NotTried("another base's: nothing was written there")
        # Whose the files are could not be asked: where somebody's lie nothing is written.
        elif custody.is_somebodys(storage):
            raise NotTried("some base's; whether it is this one's cannot be told")
    return _try_storage(settings.storage.kind, storage)


def _try_storage(kind: str, storage: Storage) -> str:
    made = probes.absent_folders(storage)
    lacks = probes.try_storage(storage)
    for folder in made:
        if folder.exists():
            folder.rmdir()  # the doctor leaves nothing behind
    said = [f"{kind}: written, read back and removed"]
    said += [f"it lacks {lack}: {WAYS_ROUND[lack]}" for lack in sorted(lacks)]
    return "; ".join(said)


def _examine_keyvalue(settings: Settings, components: Components | None) -> str:
    if settings.keyvalue.kind == "database" and _is_absent(settings):
        raise NotTried("the database is not there yet")
    if settings.keyvalue.kind == "database" and components is None:
        raise NotTried("the database does not answer")
    database = components.database if components else None
    probes.try_keyvalue(build_keyvalue(settings, database))
    return f"{settings.keyvalue.kind}: kept, read back and forgotten"


def _examine_scheduler(settings: Settings) -> str:
    if not isinstance(settings.scheduler, ApschedulerSettings):
        raise NotTried(f"{settings.scheduler.kind}: nothing ticks in this process")
    seconds = probes.try_apscheduler(settings.scheduler)
    return f"apscheduler: ran what was due after {1000 * seconds:.0f} ms"


def _examine_parts(
    settings: Settings, application: Application, components: Components | None
) -> Iterator[Probe]:
    """Try what the application's parts want to be tried."""
    for name in application.owners("probes"):
        probe = find_parameters(application.load("probes", name, FunctionType))
        refuse_unknown(probe, lambda _: False)
        yield _try(name, _bind(_ask_part, probe, settings, components))


def _ask_part(probe: Parameters[object], settings: Settings, components: Components | None) -> str:
    if probe.needs_base:
        if settings.target == "workers":
            raise NotTried(ELSEWHERE)
        if components is None or _is_absent(settings):
            raise NotTried("the database does not answer, or is not there yet")
        if not _is_current(components):
            raise NotTried("the database's schema is not up to date")
    lent = components or build_components(settings)
    return str(probe.function(**probe.lend(lent)))


def _is_current(components: Components) -> bool:
    try:
        return schema.is_at_head(components.database, lines_of(components.application))
    except (Misconfigured, DatabaseDamaged):
        return False  # the probe of the schema says why


def _examine_extra(name: str, needed: set[str]) -> str:
    versions = {package: _version(package) for package in EXTRAS[name]}
    missing = [package for package, found in versions.items() if found is None]
    if not missing:
        return ", ".join(f"{package} {found}" for package, found in versions.items())
    said = f"not installed: {', '.join(missing)}"
    if name not in needed:
        raise NotTried(f"{said}; this profile does not need it")
    raise Misconfigured(said, hint=f"run `pip install 'inkcre[{name}]'`")


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
