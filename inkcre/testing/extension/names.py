"""The rule about names: what is kept, typed, scheduled and answered is known to be whose it is."""

from collections.abc import Iterator
from dataclasses import replace

from fastapi import APIRouter
from fastapi.routing import APIRoute

from inkcre.application import Application
from inkcre.cli.extensions_new import list_answered
from inkcre.errors import InkcreError
from inkcre.extension import load_reference
from inkcre.jobs.kinds import JobKind
from inkcre.sql.lines import Migrations
from inkcre.testing.extension.candidate import Candidate, Named
from inkcre.testing.extension.references import REFERENCES
from inkcre.testing.extension.rules import Breach, ExtensionRule


def find_foreign_names(candidate: Candidate) -> Iterator[Breach]:
    """Yield what is not called as the extension's own, or as something that is there already."""
    name = candidate.extension.name
    yield from _find_foreign_tables(candidate, name)
    yield from _find_foreign_routes(candidate, name)
    for named, kind in candidate.found("jobs"):
        if isinstance(kind, JobKind) and not kind.name.startswith(f"{name}."):
            yield _tell(named, f"its kind is {kind.name}", f"call it {name}.{kind.name}")
    for field in ("commands", "probes"):
        for typed in getattr(candidate.extension, field):
            if not _is_prefixed(typed, name):
                yield Breach(
                    f"{field}: {typed}", f"does not begin with {name}", f"call it {name}-{typed}"
                )
    yield from _find_taken(candidate)
    if candidate.extension.routers and name in list_answered(_others(candidate)):
        fact = f"/{name} is answered by {candidate.base.title} already"
        yield Breach("routers", fact, "call the extension otherwise")


def _is_prefixed(typed: str, name: str) -> bool:
    """Tell whether a name begins with the extension's, as one word."""
    rest = typed.replace("-", "_").removeprefix(name)
    return rest != typed.replace("-", "_") and not rest[:1].isalnum()


def _tell(named: Named, fact: str, step: str) -> Breach:
    return Breach(str(named), fact, step)


def _find_foreign_tables(candidate: Candidate, name: str) -> Iterator[Breach]:
    for named, kept in candidate.found("migrations"):
        if not isinstance(kept, Migrations):
            continue
        if kept.version_table != f"{name}_schema":
            fact = f"its version table is {kept.version_table}"
            yield _tell(named, fact, f"call it {name}_schema")
        for table in kept.metadata.tables:
            if not table.startswith(f"{name}_"):
                yield _tell(named, f"table {table}: is not its own", f"call it {name}_{table}")


def _find_foreign_routes(candidate: Candidate, name: str) -> Iterator[Breach]:
    for named, router in candidate.found("routers"):
        for route in router.routes if isinstance(router, APIRouter) else ():
            path = getattr(route, "path", "")
            if isinstance(route, APIRoute) and path.strip("/").partition("/")[0] not in (
                name,
                name.replace("_", "-"),
            ):
                fact = f"route {path}: is not under /{name}, where it can hide nobody else's"
                step = f'write Router(prefix="/{name}"), or the path with it'
                yield _tell(named, fact, step)


def _find_taken(candidate: Candidate) -> Iterator[Breach]:
    """Yield what another part of the application has already by its name."""
    taken = {name: part for part in _others(candidate).parts for name in part.names()}
    for name in candidate.extension.names():
        if name in taken:
            yield Breach(name, f"{taken[name]} has it already", "call it otherwise")
    resolvers = _names_of_resolvers(_others(candidate)) if candidate.extension.resolvers else {}
    for named, resolver in candidate.found("resolvers"):
        name = getattr(resolver, "name", "")
        if name in resolvers:
            fact = f"resolver {name}: {resolvers[name]} has it already"
            yield _tell(named, fact, "call it otherwise")


def _others(candidate: Candidate) -> Application:
    """Return the application without the extension."""
    if not candidate.is_own:
        return candidate.base.own
    others = tuple(part for part in candidate.base.extensions if part is not candidate.extension)
    return replace(candidate.base, extensions=others)


def _names_of_resolvers(application: Application) -> dict[str, object]:
    found: dict[str, object] = {}
    for part in application.parts:
        for reference in part.resolvers:
            try:
                resolver = load_reference(reference, object, of=part)
            except InkcreError:
                continue  # another's fault
            found[getattr(resolver, "name", "")] = part
    return found


NAMES = ExtensionRule(
    "names",
    "tables, jobs, commands, probes and routes begin with the extension's name, and none of its"
    " names is taken",
    find_foreign_names,
    after=(REFERENCES,),
)
