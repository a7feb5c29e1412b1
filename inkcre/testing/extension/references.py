"""The rule that references resolve, each to the sort of thing that its field wants."""

from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from types import FunctionType

from fastapi import APIRouter
from typer import Typer

from inkcre.errors import BadReference, last_line
from inkcre.extension import load_reference
from inkcre.jobs.housekeeping import OwnSchedule
from inkcre.jobs.kinds import JobKind
from inkcre.ports.keyvalue import KeyValueNeeds
from inkcre.runtime.lifecycle import Custody
from inkcre.sections.settings import Settings
from inkcre.settings.rules import Constraint
from inkcre.settings.section import Section
from inkcre.sql.lines import Migrations
from inkcre.testing.extension.candidate import Candidate, Named, is_model
from inkcre.testing.extension.rules import Breach, ExtensionRule

KINDS: Mapping[str, type] = {
    "rules": Constraint,
    "routers": APIRouter,
    "jobs": JobKind,
    "schedules": OwnSchedule,
    "needs": KeyValueNeeds,
    "custody": Custody,
    "migrations": Migrations,
    "probes": FunctionType,
}
"""What each field names, where that is an object of a class."""

OF_THE_BASE = {
    "source_types": "inkcre.sources.base:SourceBase",
    "resolvers": "inkcre.graph.resolvers:Resolver",
}
"""Those of the information base. In text: another application has none of it."""


def find_bad_references(candidate: Candidate) -> Iterator[Breach]:
    """Yield the references that name nothing, or another sort of thing."""
    for named in candidate.references():
        yield from _try(candidate, named)
    for port, kinds in candidate.extension.adapters.items():
        if port not in Settings.model_fields or Settings.model_fields[port].discriminator != "kind":
            yield Breach(f"adapters: {port}", "there is no such port", "name storage, for example")
        for kind, adapter in kinds.items():
            yield from _try(candidate, Named("adapters", adapter.settings, f"{port}.{kind}"))
            yield from _try(
                candidate, Named("adapters", adapter.provides, f"{port}.{kind}.provides")
            )
    for module in candidate.extension.process_only:
        if not _is_module(module):
            step = "write the module's name, without an attribute"
            yield Breach(f"process_only: {module}", "there is no such module", step)


def _try(candidate: Candidate, named: Named) -> Iterator[Breach]:
    try:
        found: object = load_reference(
            named.text, KINDS.get(named.field, object), of=candidate.extension
        )
    except BadReference as error:
        fact = error.message.removeprefix(f"{candidate.extension}: ").removeprefix(
            f"{named.text}: "
        )
        yield Breach(str(named), fact, error.hint or "write package.module:attribute")
    except Exception as error:  # noqa: BLE001 - whatever importing a module of theirs raises
        fact = f"its module cannot be imported: {last_line(error)}"
        yield Breach(str(named), fact, "mend the module, or install what it imports")
    else:
        wanted = _tell_wanted(named, found)
        if wanted:
            fact = f"is a {type(found).__name__}, and no {wanted}"
            yield Breach(str(named), fact, "name something of that sort")


def _tell_wanted(named: Named, found: object) -> str | None:
    """Return what is wanted in the place of what was found; None where it is of that sort."""
    wanted: Mapping[str, tuple[str, bool]] = {
        "settings": ("Section", _is_class(found, Section)),
        "models": ("pydantic model", is_model(found)),
        "commands": ("function or typer.Typer", callable(found) or isinstance(found, Typer)),
        "adapters": (
            ("class", isinstance(found, type))
            if named.name.endswith(".provides")
            else ("Section", _is_class(found, Section))
        ),
    }
    if named.field in OF_THE_BASE:
        kind = load_reference(OF_THE_BASE[named.field], type, of="the kit")
        is_it = isinstance(found, kind) or _is_class(found, kind)
        return None if is_it else kind.__name__
    sort, is_it = wanted.get(named.field, ("", True))
    return None if is_it else sort


def _is_class(found: object, of: type) -> bool:
    return isinstance(found, type) and issubclass(found, of)


def _is_module(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except (ImportError, ValueError):
        return False


REFERENCES = ExtensionRule(
    "references", "each reference names something of the sort that its field wants",
    find_bad_references,
)  # fmt: skip
