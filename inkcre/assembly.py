"""Settings to components: one dictionary per port, adapters imported only when chosen.

The key is the ``kind`` of the port's settings section. This is the only module that names an
adapter.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from inkcre.errors import Unsupported
from inkcre.ports.components import Clock, Components
from inkcre.ports.database import Database
from inkcre.settings.constraints import CONSTRAINTS
from inkcre.settings.model import Settings
from inkcre.settings.schema import find_node
from inkcre.settings.sections.database import DatabaseSettings, PostgresSettings, SqliteSettings

Bindings = Mapping[str, Any]
"""Resources that Workers lend, by name."""


def _sqlite(section: SqliteSettings, _: Bindings) -> Database:
    from inkcre.adapters.database.sqlite import SqliteDatabase

    return SqliteDatabase(section)


def _postgres(section: PostgresSettings, _: Bindings) -> Database:
    try:
        from inkcre.adapters.database.postgres import PostgresDatabase
    except ImportError as error:
        raise Unsupported(
            'database.kind "postgres": psycopg is not installed',
            hint="install inkcre[postgres]",
        ) from error
    return PostgresDatabase(section)


Builder = Callable[[Any, Bindings], Database]

DATABASES: Mapping[str, Builder] = {"sqlite": _sqlite, "postgres": _postgres}

PORTS: Mapping[str, Mapping[str, Any]] = {
    "database": DATABASES,
    "storage": {},
    "keyvalue": {},
    "scheduler": {},
}
"""Adapters that this version has, by port and kind."""


def utc_now() -> datetime:
    """Give the time now."""
    return datetime.now(UTC)


def build_components(
    settings: Settings, *, bindings: Bindings | None = None, clock: Clock = utc_now
) -> Components:
    """Build the adapters that the settings choose, without any I/O.

    Args:
        settings: what was chosen.
        bindings: resources that Workers lend, by name, for the adapters that name one.
        clock: what gives the time.

    Raises:
        Unsupported: this version, or this installation, has no such adapter.
        Misconfigured: an adapter cannot make sense of its section.
    """
    return Components(database=_build_database(settings.database, bindings or {}), clock=clock)


def _build_database(section: DatabaseSettings, bindings: Bindings) -> Database:
    builder = DATABASES.get(section.kind)
    if builder is None:
        raise Unsupported(
            f'database.kind "{section.kind}": this version has no adapter for it',
            hint=f"choose one of {', '.join(DATABASES)}",
        )
    return builder(section, bindings)


@dataclass(frozen=True)
class Alternative:
    """A kind that was not chosen, and what speaks against it here, if anything does."""

    kind: str
    reason: str


@dataclass(frozen=True)
class PortPlan:
    """What was chosen for one port, and which line chose it."""

    port: str
    kind: str
    chosen_by: str
    options: Mapping[str, str]
    has_adapter: bool
    alternatives: tuple[Alternative, ...]


@dataclass(frozen=True)
class Plan:
    """What the settings assemble to. No connection is opened to find out."""

    profile: str
    chosen_by: str
    lineage: tuple[str, ...]
    target: str
    ports: tuple[PortPlan, ...]


def plan_assembly(settings: Settings) -> Plan:
    """Describe what ``build_components`` would build, and why."""
    return Plan(
        profile=settings.profile,
        chosen_by=settings.origins.of(("profile",)).describe(),
        lineage=settings.origins.lineage,
        target=settings.target,
        ports=tuple(_plan_port(settings, port) for port in PORTS),
    )


def _plan_port(settings: Settings, port: str) -> PortPlan:
    section = getattr(settings, port)
    node = find_node((port,))
    kinds = tuple(node.variants) if node else ()
    return PortPlan(
        port=port,
        kind=section.kind,
        chosen_by=settings.origins.of((port, "kind")).describe(),
        options=_options(section),
        has_adapter=section.kind in PORTS[port],
        alternatives=tuple(
            Alternative(kind, _reason_against(settings.target, port, kind))
            for kind in kinds
            if kind != section.kind
        ),
    )


def _options(section: Any) -> dict[str, str]:
    """Show a section's values; a secret shows as its type's mask."""
    shown: dict[str, str] = {}
    for name in type(section).model_fields:
        value = getattr(section, name)
        if hasattr(value, "kind"):
            shown[name] = value.kind
            shown |= {f"{name}.{k}": v for k, v in _options(value).items()}
        elif name != "kind" and value is not None:
            shown[name] = str(value)
    return shown


def _reason_against(target: str, port: str, kind: str) -> str:
    for constraint in CONSTRAINTS:
        if (constraint.target, constraint.path) == (
            target,
            (port, "kind"),
        ) and kind in constraint.forbidden:
            return f"cannot run on target {target}: {constraint.because}"
    return "not chosen"


def describe_capabilities(settings: Settings, components: Components) -> dict[str, Any]:
    """Say what this home can do, as plain data without origins."""
    plan = plan_assembly(settings)
    return {
        "profile": plan.profile,
        "target": plan.target,
        "adapters": {p.port: p.kind for p in plan.ports if p.has_adapter},
        "database": asdict(components.database.capabilities),
        "limits": {"max_body_bytes": settings.http.max_body_bytes},
    }
