"""What a part brings: one record, whose references are text, so that naming a part imports nothing.

A reference is ``package.module:attribute``. It is looked up when an application is assembled, by
those who use what it names: an application imports only what its settings choose.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from importlib import import_module
from typing import Literal, TypeVar

from inkcre.errors import BadReference

Target = Literal["process", "workers"]

MANY = (
    "rules", "routers", "models", "jobs", "schedules", "resolvers", "needs", "tools",
    "process_only", "targets",
)  # fmt: skip
"""Fields that are tuples of text."""

T = TypeVar("T")


@dataclass(frozen=True)
class Adapter:
    """How a part provides a port: a further ``kind`` of that port's section of the settings."""

    settings: str
    """A reference to its ``inkcre.settings.section.Section``, with ``kind`` as its tag."""

    provides: str
    """A reference to the class, which is made of that section."""


@dataclass(frozen=True, eq=False)
class Extension:
    """What a part brings to an application."""

    name: str
    """A word of small letters, digits and underscores; no two parts have the same."""

    summary: str
    """What it is for, in one sentence."""

    settings: str | None = None
    """A reference to its ``inkcre.settings.section.Section``: the table of its name, which stands
    in ``[extensions]`` where settings enable the part."""

    rules: tuple[str, ...] = ()
    """References to ``inkcre.settings.rules.Constraint``: what is asked of settings beyond their
    types."""

    routers: tuple[str, ...] = ()
    """References to ``fastapi.APIRouter``."""

    models: tuple[str, ...] = ()
    """References to sequences of pydantic models that routes read by themselves: they are described
    with the routes."""

    jobs: tuple[str, ...] = ()
    """References to ``inkcre.jobs.kinds.JobKind``."""

    schedules: tuple[str, ...] = ()
    """References to ``inkcre.jobs.housekeeping.OwnSchedule``: when jobs come by themselves."""

    source_types: Mapping[str, str] = field(default_factory=dict)
    """References to classes of ``inkcre.sources.base.SourceBase``, by the types' names."""

    resolvers: tuple[str, ...] = ()
    """References to ``inkcre.graph.resolvers.Resolver``."""

    adapters: Mapping[str, Mapping[str, Adapter]] = field(default_factory=dict)
    """Further adapters, by the port and their ``kind``."""

    commands: Mapping[str, str] = field(default_factory=dict)
    """References to functions and to ``typer.Typer``, by the commands' names."""

    probes: Mapping[str, str] = field(default_factory=dict)
    """References to functions that the doctor calls, by what they try."""

    tools: tuple[str, ...] = ()
    """References to the tools that it has for assistants. Nothing reads them yet."""

    custody: str | None = None
    """A reference to ``inkcre.runtime.lifecycle.Custody``: how files are known to be the base's."""

    needs: tuple[str, ...] = ()
    """References to ``inkcre.ports.keyvalue.KeyValueNeeds``: what the place of small values has to
    be able to do."""

    process_only: tuple[str, ...] = ()
    """Modules that are imported inside of functions which no Worker calls: an artifact has none of
    them."""

    migrations: str | None = None
    """A reference to ``inkcre.sql.lines.Migrations``: the tables that it keeps."""

    targets: tuple[Target, ...] = ("process", "workers")
    """Where it runs."""

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        if not re.fullmatch(r"[a-z][a-z0-9_]*", self.name):
            raise BadReference(
                f"{self}: its name cannot be one",
                hint="write small letters, digits and underscores, a letter first",
            )
        for field_ in fields(self):
            _require_references(self, field_.name, getattr(self, field_.name))

    def __str__(self) -> str:
        """Name the part, as errors do."""
        return f"extension {self.name}"

    def names(self) -> Iterator[str]:
        """Yield what no two parts may have, each with what sort of thing it is."""
        yield f"name {self.name}"
        for sort, names in (
            ("source type", self.source_types),
            ("command", self.commands),
            ("probe", self.probes),
        ):
            yield from (f"{sort} {name}" for name in names)
        for port, kinds in self.adapters.items():
            yield from (f"{port}.kind {kind}" for kind in kinds)
        if self.custody:
            yield "custody"

    def brings(self) -> dict[str, tuple[str, ...]]:
        """Return what it brings, by field: names where it gives any, else references."""
        brought: dict[str, tuple[str, ...]] = {}
        for field_ in fields(self):
            value = getattr(self, field_.name)
            if field_.name in ("name", "summary", "targets", "process_only") or not value:
                continue
            if field_.name == "adapters":
                value = [f"{port}.{kind}" for port, kinds in value.items() for kind in kinds]
            brought[field_.name] = (value,) if isinstance(value, str) else tuple(value)
        return brought

    def modules(self) -> Iterator[str]:
        """Yield the modules that requests and ticks may load, for those who carry them along."""
        references = [
            *self.rules,
            *self.routers,
            *self.models,
            *self.jobs,
            *self.schedules,
            *self.needs,
            *self.source_types.values(),
            *self.resolvers,
            *(text for text in (self.settings, self.custody, self.migrations) if text),
        ]
        for kinds in self.adapters.values():
            for adapter in kinds.values():
                references += (adapter.settings, adapter.provides)
        yield from (reference.partition(":")[0] for reference in references)


def _require_references(part: Extension, name: str, value: object) -> None:
    """Raise unless a field that holds references as a tuple, or by name, holds text."""
    if name in MANY and not isinstance(value, tuple):
        raise BadReference(f"{part}: {name}: is no tuple", hint='write ("package.module:name",)')
    texts = value if isinstance(value, tuple) else ()
    if isinstance(value, Mapping) and name != "adapters":
        texts = tuple(value.values())
    for text in texts:
        if not isinstance(text, str):
            raise BadReference(
                f"{part}: {name}: has a {type(text).__name__}, and no text",
                hint='name it in text: "package.module:name"',
            )


def load_reference(reference: str, kind: type[T], *, of: object) -> T:
    """Return what a reference names.

    Args:
        reference: ``package.module:attribute``.
        kind: what it has to be.
        of: who names it, for the error.

    Raises:
        BadReference: there is no such module or attribute, or it is another sort of thing.
        ModuleNotFoundError: the module is there, and a package that it imports is not.
    """
    module_name, _, attribute = reference.partition(":")
    if not attribute:
        raise BadReference(f"{of}: {reference}: names no attribute; write package.module:attribute")
    try:
        module = import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise
        raise BadReference(
            f"{of}: {reference}: there is no module {error.name}",
            hint="look at its name, and whether its package is installed",
        ) from error
    try:
        found = getattr(module, attribute)
    except AttributeError:
        from difflib import get_close_matches  # there is no mistake on most starts

        near = get_close_matches(attribute, vars(module), n=1)
        raise BadReference(
            f"{of}: {reference}: the module has no {attribute}",
            hint=f"did you mean {near[0]}?" if near else f"define it in {module.__file__}",
        ) from None
    if not isinstance(found, kind):
        raise BadReference(
            f"{of}: {reference}: is a {type(found).__name__}, and no {kind.__name__}",
            hint="name something of that sort",
        )
    return found
