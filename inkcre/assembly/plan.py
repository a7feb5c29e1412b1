"""What the settings assemble to: the report that ``inkcre plan``, the log and the API show.

It is made of the settings' leaves alone, so it can be made while they are wrong, and opens no
connection.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from inkcre.application import Application
from inkcre.assembly.adapters import ADAPTERS, load_adapter, load_driver
from inkcre.errors import Unsupported
from inkcre.sections.enabling import where_enabled
from inkcre.sections.rules.constraints import forbids
from inkcre.sections.schema import Inspection, application_of
from inkcre.sections.settings import Settings
from inkcre.settings.leaves import Leaf, list_leaves
from inkcre.settings.nodes import Node
from inkcre.settings.origins import DefaultOrigin, Origins
from inkcre.settings.renderers import visible


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
    capabilities: Mapping[str, object] | None
    """What the adapter declares of itself; None when there is no adapter."""

    missing: str | None
    """Why there is no adapter; None when there is one."""

    alternatives: tuple[Alternative, ...]


@dataclass(frozen=True)
class ExtensionPlan:
    """A part that settings enable, which line does, and what it brings."""

    name: str
    summary: str
    chosen_by: str
    brings: Mapping[str, tuple[str, ...]]
    """Names, or references, by the record's field."""


@dataclass(frozen=True)
class AssemblyPlan:
    """What the settings assemble to."""

    profile: str
    chosen_by: str
    lineage: tuple[str, ...]
    target: str
    parts: tuple[str, ...]
    """The application's parts that run there, by name."""

    extensions: tuple[ExtensionPlan, ...]
    """Those that settings enable."""

    ports: tuple[PortPlan, ...]

    def as_json(self) -> dict[str, object]:
        """Return the plan as plain data, with the origin of each choice."""
        return asdict(self)


def plan_assembly(settings: Settings) -> AssemblyPlan:
    """Describe what ``build_components`` would build, and why."""
    leaves = list_leaves(settings.origins, settings)
    return _plan(leaves, settings.origins, settings.application)


def plan_inspection(found: Inspection) -> AssemblyPlan:
    """Describe what settings that may be wrong would assemble to."""
    return _plan(found.leaves(), found.origins, application_of(found))


def _plan(leaves: Sequence[Leaf], origins: Origins, application: Application) -> AssemblyPlan:
    by_path = {leaf.path: leaf for leaf in leaves}
    profile = by_path[("profile",)]
    target = by_path[("target",)].show()
    return AssemblyPlan(
        profile=profile.show(),
        chosen_by=profile.origin.describe(),
        lineage=origins.lineage,
        target=target,
        parts=tuple(part.name for part in application.extensions if target in part.targets),
        extensions=tuple(
            ExtensionPlan(part.name, part.summary, where_enabled(origins, part.name), part.brings())
            for part in application.enabled
        ),
        ports=_plan_ports(leaves, origins, application, target),
    )


def _plan_ports(
    leaves: Sequence[Leaf], origins: Origins, application: Application, target: str
) -> tuple[PortPlan, ...]:
    return tuple(
        _plan_port(port, leaves, origins.root.find((port,)), application, target)
        for port in ADAPTERS
    )


def _plan_port(
    port: str, leaves: Sequence[Leaf], node: Node | None, application: Application, target: str
) -> PortPlan:
    inside = [leaf for leaf in leaves if leaf.path[0] == port]
    chosen = next((leaf for leaf in inside if leaf.path == (port, "kind")), None)
    kind = chosen.show() if chosen else "(none)"
    driver = next((leaf for leaf in inside if leaf.path == (port, "driver")), None)
    capabilities, missing = _ask_adapter(application, port, kind, driver.show() if driver else "")
    return PortPlan(
        port=port,
        kind=kind,
        chosen_by=(chosen.origin if chosen else DefaultOrigin()).describe(),
        options={
            ".".join(leaf.path[1:]): leaf.show()
            for leaf in inside
            if leaf.is_set and leaf is not chosen
        },
        capabilities=capabilities,
        missing=missing,
        alternatives=tuple(_weigh_alternatives(node, target, port, kind)),
    )


def _ask_adapter(
    application: Application, port: str, kind: str, driver: str
) -> tuple[Mapping[str, object] | None, str | None]:
    try:
        adapter = load_adapter(application, port, kind)
        if port == "database":
            load_driver(kind, driver)
        return asdict(adapter.capabilities), None
    except Unsupported as error:
        return None, error.message.partition(": ")[2]


def _weigh_alternatives(node: Node | None, target: str, port: str, kind: str) -> list[Alternative]:
    others = [other for other in (node.variants if node else ()) if other != kind]
    return [Alternative(other, _reason_against(target, port, other)) for other in others]


def _reason_against(target: str, port: str, kind: str) -> str:
    constraint = forbids(target, (port, "kind"), kind)
    if constraint:
        return f"cannot run on target {target}: {constraint.because}"
    return "not chosen"


def render_plan(plan: AssemblyPlan) -> str:
    """Write a plan on one page, for people."""
    lineage = " <- ".join(plan.lineage) or plan.profile
    lines = [f"profile  {lineage}  (chosen by {plan.chosen_by})", f"target   {plan.target}"]
    lines += [f"parts    {', '.join(plan.parts)}"]
    for part in plan.extensions:
        lines.append(f"extension {part.name}: {part.summary}  (enabled by {part.chosen_by})")
        lines += [f"    {what}: {', '.join(names)}" for what, names in part.brings.items()]
    lines.append("")
    for port in plan.ports:
        missing = f"  ({port.missing})" if port.missing else ""
        lines.append(f"{port.port}: {port.kind}  (chosen by {port.chosen_by}){missing}")
        lines += [f"    {name} = {value}" for name, value in port.options.items()]
        can = [f"{name} = {_word(value)}" for name, value in (port.capabilities or {}).items()]
        if can:
            lines.append(f"    declares {', '.join(can)}")
        lines += [f"    not {other.kind}: {other.reason}" for other in port.alternatives]
    return "\n".join(visible(line) for line in lines)


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) or value is None else str(value)


def describe_capabilities(settings: Settings) -> dict[str, object]:
    """Return the plan for whoever asks over HTTP: no origins, and no option of this machine's."""
    leaves, application = list_leaves(settings.origins, settings), settings.application
    planned = _plan_ports(leaves, settings.origins, application, settings.target)
    ports = [asdict(port) for port in planned]
    for port in ports:
        del port["chosen_by"], port["options"]
    enabled = application.on(settings.target).enabled
    return {
        "profile": next(leaf for leaf in leaves if leaf.path == ("profile",)).show(),
        "target": settings.target,
        "extensions": [{"name": part.name, "summary": part.summary} for part in enabled],
        "ports": ports,
        "limits": {
            "max_body_bytes": settings.http.max_body_bytes,
            "max_file_bytes": settings.http.max_file_bytes,
        },
    }
