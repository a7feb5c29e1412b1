"""What two profiles do differently: their values, and what is assembled from them."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass

from inkcre.assembly.plan import PortPlan, plan_inspection
from inkcre.sections.schema import Inspection
from inkcre.settings.leaves import Leaf, plain_value, reveal
from inkcre.settings.masks import MASK
from inkcre.settings.renderers import count_problems, visible


@dataclass(frozen=True)
class Change:
    """One thing that the two do differently; None where it does not exist."""

    what: str
    first: str | None
    second: str | None
    first_place: str | None = None
    second_place: str | None = None


@dataclass(frozen=True)
class Difference:
    """All that the two do differently."""

    first: str
    second: str
    values: tuple[Change, ...]
    assembly: tuple[Change, ...]
    notes: tuple[str, ...]

    def as_json(self) -> dict[str, object]:
        """Return the difference as plain data."""
        return asdict(self)


def compare_profiles(first: Inspection, second: Inspection) -> Difference:
    """Compare the effective settings of two profiles, right or wrong, and their assembly."""
    return Difference(
        first=first.profile,
        second=second.profile,
        values=tuple(_compare_values(first.leaves(), second.leaves())),
        assembly=tuple(_compare_assembly(_describe_assembly(first), _describe_assembly(second))),
        notes=tuple(_note_problems(found) for found in (first, second) if found.problems),
    )


def _compare_values(first: list[Leaf], second: list[Leaf]) -> Iterator[Change]:
    one, two = ({leaf.key: leaf for leaf in leaves} for leaves in (first, second))
    for key in dict.fromkeys([*one, *two]):
        if key == "profile":
            continue
        pair = (one.get(key), two.get(key))
        if _comparable(pair[0]) != _comparable(pair[1]):
            shown = [leaf.show() if leaf else None for leaf in pair]
            if shown[0] == shown[1] and MASK in (shown[1] or ""):
                shown[1] = f"{shown[1]} (another)"
            places = [leaf.origin.describe() if leaf else None for leaf in pair]
            yield Change(key, *shown, *places)


def _comparable(leaf: Leaf | None) -> object:
    return (plain_value(reveal(leaf.value)),) if leaf else None


def _describe_assembly(found: Inspection) -> Mapping[str, str]:
    plan = plan_inspection(found)
    described: dict[str, str] = {}
    for port in plan.ports:
        described[port.port] = _describe_adapter(port)
        for name, value in (port.capabilities or {}).items():
            shown = str(value).lower() if isinstance(value, bool) else str(value)
            described[f"{port.port}: {name}"] = shown
    return described


def _describe_adapter(port: PortPlan) -> str:
    return f"{port.kind} ({port.missing})" if port.missing else port.kind


def _compare_assembly(first: Mapping[str, str], second: Mapping[str, str]) -> Iterator[Change]:
    for what in dict.fromkeys([*first, *second]):
        if first.get(what) != second.get(what):
            yield Change(what, first.get(what), second.get(what))


def _note_problems(found: Inspection) -> str:
    command = f"{found.schema.command} config check --profile {found.profile}"
    return f"profile {found.profile} has {count_problems(found.problems)}: `{command}`"


def render_difference(difference: Difference) -> str:
    """Write the difference for people: what the first has after -, the second after +."""
    lines = [f"--- {difference.first}", f"+++ {difference.second}"]
    if not difference.values and not difference.assembly:
        lines.append("no difference")
    for title, changes in (("values", difference.values), ("assembly", difference.assembly)):
        if changes:
            lines += ["", f"{title}:"]
        for change in changes:
            lines.append(f"  {change.what}")
            lines += _side("-", change.first, change.first_place)
            lines += _side("+", change.second, change.second_place)
    if difference.notes:
        lines += ["", *(f"note: {note}" for note in difference.notes)]
    return "\n".join(visible(line) for line in lines)


def _side(sign: str, value: str | None, place: str | None) -> list[str]:
    where = f"  ({place})" if place else ""
    return [] if value is None else [f"    {sign} {value}{where}"]
