"""What the settings assemble to: the report that ``inkcre plan``, the log and the API show.

It is made of the settings' leaves alone, so it can be made while they are wrong, and opens no
connection.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from inkcre.assembly.assembly import ADAPTERS, load_adapter
from inkcre.errors import Unsupported
from inkcre.sections.rules.constraints import forbids
from inkcre.sections.settings import Settings
from inkcre.settings.leaves import Leaf, list_leaves
from inkcre.settings.origins import DefaultOrigin
from inkcre.settings.rendering import visible
from inkcre.settings.schema import find_node


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
class AssemblyPlan:
    """What the settings assemble to."""

    profile: str
    chosen_by: str
    lineage: tuple[str, ...]
    target: str
    ports: tuple[PortPlan, ...]

    def as_json(self) -> dict[str, object]:
        """Return the plan as plain data, with the origin of each choice."""
        return asdict(self)


def plan_assembly(settings: Settings) -> AssemblyPlan:
    """Describe what ``build_components`` would build, and why."""
    leaves = list_leaves(settings.origins, settings)
    return plan_leaves(leaves, settings.origins.lineage)


def plan_leaves(leaves: Sequence[Leaf], lineage: tuple[str, ...]) -> AssemblyPlan:
    """Describe what settings that may be wrong would assemble to."""
    by_path = {leaf.path: leaf for leaf in leaves}
    profile = by_path[("profile",)]
    target = by_path[("target",)].show()
    return AssemblyPlan(
        profile=profile.show(),
        chosen_by=profile.origin.describe(),
        lineage=lineage,
        target=target,
        ports=tuple(_plan_port(leaves, port, target) for port in ADAPTERS),
    )


def _plan_port(leaves: Sequence[Leaf], port: str, target: str) -> PortPlan:
    inside = [leaf for leaf in leaves if leaf.path[0] == port]
    chosen = next((leaf for leaf in inside if leaf.path == (port, "kind")), None)
    kind = chosen.show() if chosen else "(none)"
    capabilities, missing = _ask_adapter(port, kind)
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
        alternatives=tuple(_weigh_alternatives(target, port, kind)),
    )


def _ask_adapter(port: str, kind: str) -> tuple[Mapping[str, object] | None, str | None]:
    try:
        return asdict(load_adapter(port, kind).capabilities), None
    except Unsupported as error:
        return None, error.message.partition(": ")[2]


def _weigh_alternatives(target: str, port: str, kind: str) -> list[Alternative]:
    node = find_node((port,))
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
    lines = [f"profile  {lineage}  (chosen by {plan.chosen_by})", f"target   {plan.target}", ""]
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
    plan = plan_assembly(settings)
    ports = [asdict(port) for port in plan.ports]
    for port in ports:
        del port["chosen_by"], port["options"]
    return {
        "profile": plan.profile,
        "target": plan.target,
        "ports": ports,
        "limits": {
            "max_body_bytes": settings.http.max_body_bytes,
            "max_file_bytes": settings.http.max_file_bytes,
        },
    }
