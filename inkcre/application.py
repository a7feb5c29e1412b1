"""What an application is: its name, its parts, and how its files and variables are called."""

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from types import FunctionType
from typing import Literal, Self, TypeVar, cast

from inkcre.builtin import FRAMEWORK, JOBS
from inkcre.errors import BadReference, OperatorError
from inkcre.extension import Extension, Target, load_reference

Listed = Literal["rules", "routers", "models", "jobs", "schedules", "resolvers"]
Named = Literal["source_types", "commands", "probes"]

T = TypeVar("T")


class Clash(OperatorError):
    """Tell that two parts of an application bring something of the same name."""

    code = "clash"

    def __init__(self, who: object, name: str, had_by: object) -> None:
        """Take who brings it, what it is, and who has it already."""
        super().__init__(
            f"{who}: {name}: {had_by} has it already", hint="call one of them otherwise"
        )
        self.between = (who, had_by)


@dataclass(frozen=True)
class Alias:
    """What a variable of another name sets: one that a platform gives, or a former version had."""

    sets: str
    """The setting that has the variable's value, as a dotted key."""

    along: Mapping[str, str] = field(default_factory=dict)
    """What else is set by it, by dotted key."""


def _no_names(_: object) -> Iterable[str]:
    return ()


def refuse_clashes(named: Iterable[tuple[object, str]]) -> None:
    """Raise if two owners have something of one name.

    Args:
        named: owners, as errors name them, each with a name that it claims.

    Raises:
        Clash: naming both.
    """
    owners: dict[str, object] = {}
    for owner, name in named:
        if name in owners:
            raise Clash(owner, name, owners[name])
        owners[name] = owner


@dataclass(frozen=True, eq=False)
class Application:
    """An application: what is typed to run it, its variables, its settings file, its parts.

    Its sections, rules, routes and commands are those of its parts, and of the framework's own,
    which it has in any case.

    Raises:
        BadReference: its name, its prefix or its file's name cannot be one.
        Clash: two parts have one name, or bring something of one name.
    """

    name: str
    """What is typed to run it: ``inkcre``. A name of small letters and digits."""

    prefix: str
    """What its variables begin with, the underscore included: ``INKCRE_``."""

    filename: str
    """What its settings file is called: ``inkcre.toml``."""

    extensions: tuple[Extension, ...]
    """Its parts, in order: that of commands in the help, and of routes, each of which is tried
    before the next."""

    enabled: tuple[Extension, ...] = ()
    """Those that settings enable, behind its own: each has its table in ``[extensions]``."""

    carried: Mapping[str, str] | None = None
    """References to what settings may enable, by name, where no package is looked for: in a
    Worker's artifact, which carries these."""

    title: str = ""
    """What it is called where people read it; its name unless it is given."""

    summary: str = ""
    """What it is, in one sentence."""

    distribution: str = ""
    """The package whose version it has; that of its name unless it is given."""

    aliases: Mapping[str, Alias] = field(default_factory=dict)
    """Further variables that set something, by name: those of a former version."""

    switches: Mapping[str, str] = field(default_factory=dict)
    """Further variables that choose a profile when they are true: its name, by theirs."""

    _loaded: dict[str, list[object]] = field(default_factory=dict, init=False, repr=False)
    """What was looked up before, by field."""

    _targets: dict[Target, Self] = field(default_factory=dict, init=False, repr=False)
    """What runs on each target, so that it is looked up once."""

    _enabling: dict[tuple[Extension, ...], Self] = field(
        default_factory=dict, init=False, repr=False
    )
    """What it is with what settings have enabled before."""

    def __post_init__(self) -> None:
        """Refuse what would hide something."""
        for what, value, pattern in (
            ("name", self.name, r"[a-z][a-z0-9-]*"),
            ("prefix", self.prefix, r"[A-Z][A-Z0-9]*_"),
            ("filename", self.filename, r"[\w.-]+\.toml"),
        ):
            if not re.fullmatch(pattern, value):
                raise BadReference(
                    f'application "{self.name}": {what}: cannot be "{value}"',
                    hint='write them as name="links", prefix="LINKS_", filename="links.toml"',
                )
        object.__setattr__(self, "title", self.title or self.name)
        object.__setattr__(self, "distribution", self.distribution or self.name)
        refuse_clashes((part, name) for part in self.by_seniority for name in part.names())

    @cached_property
    def parts(self) -> tuple[Extension, ...]:
        """All parts, in order."""
        # What is asked for most stands before what is looked at now and then.
        return (FRAMEWORK, *self.extensions, *self.enabled, JOBS)

    @property
    def by_seniority(self) -> tuple[Extension, ...]:
        """All parts, the framework's first: whoever has something of its name is told so."""
        return (FRAMEWORK, JOBS, *self.extensions, *self.enabled)

    @property
    def group(self) -> str:
        """The entry point group in which packages name what settings may enable."""
        return f"{self.name}.extensions"

    @property
    def own(self) -> Self:
        """What it is when settings enable nothing."""
        return self.enabling(())

    def enabling(self, enabled: tuple[Extension, ...]) -> Self:
        """Return what it is when settings enable these, and no others.

        Raises:
            Clash: one of them has a name, or brings something of a name, that another has.
        """
        self._enabling.setdefault(self.enabled, self)
        if enabled not in self._enabling:
            made = replace(self, enabled=enabled)
            object.__setattr__(made, "_enabling", self._enabling)  # of one application there is one
            self._enabling[enabled] = made
        return self._enabling[enabled]

    def load_all(
        self, listed: Listed, kind: type[T], names: Callable[[T], Iterable[str]] = _no_names
    ) -> list[T]:
        """Return all that the parts' references in one field name, in order.

        Args:
            listed: the field.
            kind: what each of them has to be.
            names: returns what no other part's may be called, with what sort of thing it is.

        Raises:
            BadReference: one names nothing, or another sort of thing.
            Clash: two parts bring something of one name.
        """
        if listed not in self._loaded:
            loaded: dict[tuple[str, str], T] = {
                (part.name, reference): load_reference(reference, kind, of=f"{part}: {listed}")
                for part in self.parts
                for reference in getattr(part, listed)
            }
            refuse_clashes(
                (f"{part}: {listed}: {reference}", name)
                for part in self.by_seniority
                for reference in getattr(part, listed)
                for name in names(loaded[part.name, reference])
            )
            self._loaded[listed] = list(loaded.values())
        return cast("list[T]", self._loaded[listed])

    def load_custody(self, kind: type[T]) -> T | None:
        """Return how files are known to be the application's; None where no part keeps any.

        Raises:
            BadReference: the reference names nothing, or another sort of thing.
        """
        for part in self.parts:
            if part.custody:
                return load_reference(part.custody, kind, of=part)
        return None

    def load_migrations(self, kind: type[T]) -> list[tuple[str, T]]:
        """Return the parts' migrations by their names, in order, of those that keep something.

        Raises:
            BadReference: a reference names nothing, or another sort of thing.
        """
        return [
            (part.name, load_reference(part.migrations, kind, of=part))
            for part in self.parts
            if part.migrations
        ]

    def owners(self, what: Named) -> dict[str, Extension]:
        """Return by name, in order, whose part each of those is that have one."""
        return {name: part for part in self.parts for name in getattr(part, what)}

    def load(self, what: Named, name: str, kind: type[T]) -> T:
        """Return what one of those names that ``owners`` returns.

        Raises:
            BadReference: its reference names nothing, or another sort of thing.
        """
        part = self.owners(what)[name]
        return load_reference(getattr(part, what)[name], kind, of=f"{part}: {name}")

    def on(self, target: Target) -> Self:
        """Return what of the application runs on a target."""
        if target not in self._targets:
            own, enabled = (
                tuple(part for part in parts if target in part.targets)
                for parts in (self.extensions, self.enabled)
            )
            self._targets[target] = replace(self, extensions=own, enabled=enabled)
        return self._targets[target]

    def modules(self) -> Iterator[str]:
        """Yield the modules that requests and ticks may load, for those who carry them along."""
        for part in self.parts:
            yield from part.modules()

    def cli(self, arguments: Sequence[str] | None = None) -> None:
        """Run its command: ``run``, ``plan``, ``config``, ``migrate`` and what its parts bring.

        An error of ours is written on standard error, and gives the exit status.

        Args:
            arguments: what was typed behind the command; those of the process unless it is given.
        """
        try:
            main = _load_function("inkcre.cli.main:main")
        except ImportError as error:
            from inkcre.packages import explain_import  # is installed, nearly always

            missing = explain_import(error, by=f"the command {self.name}")
            sys.exit(f"error[{missing.code}]: {missing.message}\n  {missing.hint}")
        main(self, arguments)

    def worker(self, folder: Path) -> type:
        """Return the class that a Worker's entry names ``Default``.

        Args:
            folder: where the artifact's settings are: that of the entry.

        Raises:
            SettingsError: they make no sense.
        """
        return _load_function("inkcre.edge.worker:make_worker")(self, folder)


def _load_function(reference: str) -> Callable[..., type]:
    """Return what runs an application. In text: whoever names one imports nothing of that."""
    return load_reference(reference, FunctionType, of="the framework")
