"""What a rule is: one promise of an extension, and what finds out whether it is kept."""

import unittest
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from inkcre.application import Application
from inkcre.extension import Extension
from inkcre.testing.extension.candidate import Candidate, find_candidate


@dataclass(frozen=True)
class Breach:
    """One thing that is not as it was promised."""

    place: str
    """Where: a field of the record and what it names, or a module and its line."""

    fact: str
    step: str
    """What to do about it, in one imperative sentence."""

    def __str__(self) -> str:
        """Tell it in two lines."""
        return f"  {self.place}: {self.fact}\n    next: {self.step}"


class Promise(Protocol):
    """What a rule says of itself."""

    @property
    def id(self) -> str:
        """What it is called."""

    @property
    def promise(self) -> str:
        """What is promised, in one sentence."""


class BrokenPromise(AssertionError):
    """Tell what of an extension is not as it was promised, all of it at once."""

    def __init__(self, extension: Extension, rule: Promise, breaches: Iterable[Breach]) -> None:
        """Take whose promise it is, and what was found."""
        self.rule, self.breaches = rule, tuple(breaches)
        told = "\n".join(map(str, self.breaches))
        super().__init__(f"{extension} breaks the rule {rule.id}: {rule.promise}\n{told}")


class NotAsked(unittest.SkipTest):
    """Tell why a rule was not asked: pytest and unittest report the test as skipped, and why."""


@dataclass(frozen=True, eq=False)
class ExtensionRule:
    """One promise of an extension."""

    id: str
    promise: str
    """The promise, in one sentence."""

    find: Callable[[Candidate], Iterable[Breach]]
    after: tuple["ExtensionRule", ...] = ()
    """Rules without which this one cannot be asked: what breaks one of those would break this one
    too, and tell less."""

    @property
    def __name__(self) -> str:  # pytest calls the items of a parametrized test so
        """What the rule is called in a report."""
        return self.id

    def check(
        self,
        extension: Extension | str,
        *,
        application: Application | None = None,
        overrides: Mapping[str, object] | None = None,
        postgres_url: str | None = None,
    ) -> None:
        """Raise unless an extension keeps the promise.

        Args:
            extension: its record, or a reference to it, ``weather:WEATHER``.
            application: which one it is for; InKCre unless it is given.
            overrides: settings by dotted key, for what has neither a default nor an example.
            postgres_url: a database in which a schema may be made and dropped again; in its place
                the variable ``TEST_INKCRE_POSTGRES_URL`` is read.

        Raises:
            BrokenPromise: it does not; all that was found is told, each with the next step.
            NotAsked: it could not be asked: a rule before it is broken, or something is not here.
        """
        candidate = find_candidate(extension, application, overrides or {}, postgres_url)
        for rule in self.after:
            if any(rule.find(candidate)):
                raise NotAsked(f"{candidate.extension} breaks the rule {rule.id}: mend that first")
        breaches = list(self.find(candidate))
        if breaches:
            raise BrokenPromise(candidate.extension, self, breaches)
