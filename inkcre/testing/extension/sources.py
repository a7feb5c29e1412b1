"""The suite for types of sources: a source is collected again, killed, and left alone by the web.

Its rules are asked with a script: what a source is told, and what it finds outside::

    def script() -> Script:
        return Script("weather", {"city": "Bergen"}, ScriptedWeb({URL: b"..."}))

    @pytest.mark.parametrize("rule", sources.RULES)
    def test_weather_is_collected(rule): rule.check(WEATHER, script())
"""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from inkcre.application import Application
from inkcre.errors import Unavailable
from inkcre.extension import Extension
from inkcre.ports.web import Page, Web, WebCapabilities
from inkcre.testing.extension.benches import Bench, Kept, Killed, lay_base
from inkcre.testing.extension.candidate import Candidate, find_candidate
from inkcre.testing.extension.rules import Breach, BrokenPromise

MAX_STEPS = 500
"""How often a collect is killed, each time one step later."""

AGAIN = "give each thing the same key, and the same star, whenever it is collected"


REMEMBER = "remember nothing but in self.state, which is kept with the last items"


@dataclass(frozen=True)
class ScriptedWeb:
    """A web of a few pages by their addresses; whatever else is asked for is not found (404)."""

    pages: Mapping[str, bytes | Page]

    @property
    def capabilities(self) -> WebCapabilities:
        """What it declares of itself."""
        return WebCapabilities(pins_addresses=True)

    def fetch(self, url: str, *, headers: Mapping[str, str] | None = None) -> Page:  # noqa: ARG002
        """Return the page of an address."""
        found = self.pages.get(url, Page(url, 404))
        return found if isinstance(found, Page) else Page(url, 200, {}, found)


class _AwayWeb(ScriptedWeb):
    """A web where nobody answers."""

    def fetch(self, url: str, *, headers: Mapping[str, str] | None = None) -> Page:  # noqa: ARG002
        """Raise, as where there is no network."""
        raise Unavailable(f"{url}: nobody answers")


@dataclass(frozen=True)
class Script:
    """A source to be collected, and what it finds outside."""

    type: str
    """The name of its type."""

    config: Mapping[str, object] = field(default_factory=dict)
    web: Web = ScriptedWeb({})
    """What it fetches from."""

    overrides: Mapping[str, object] = field(default_factory=dict)
    """Further settings by dotted key."""


@dataclass(frozen=True)
class _Stage:
    """A base with the source in it, to be copied for each run."""

    candidate: Candidate
    script: Script
    base: Path
    _runs: Iterator[int] = field(default_factory=count)

    def open(self, web: Web | None = None, *, dies_at: int | None = None) -> Bench:
        """Open a copy of the base, as a process does that has just started."""
        copy = self.base.with_name(f"run-{next(self._runs)}.sqlite3")
        copy.write_bytes(self.base.read_bytes())
        return Bench(self.candidate, copy, web or self.script.web, self.script.overrides, dies_at)


Find = Callable[[_Stage, Kept], Iterable[Breach]]
"""Looks at a source; it is given what a first collect has brought."""


@dataclass(frozen=True, eq=False)
class SourceRule:
    """One promise of a type of sources, that takes a script to be looked at."""

    id: str
    promise: str
    find: Find

    @property
    def __name__(self) -> str:  # pytest calls the items of a parametrized test so
        """What the rule is called in a report."""
        return self.id

    def check(
        self,
        extension: Extension | str,
        script: Script,
        *,
        application: Application | None = None,
    ) -> None:
        """Raise unless a type of sources keeps the promise.

        Args:
            extension: the record that brings it, or a reference to it.
            script: what is collected.
            application: which one it is for; InKCre unless it is given.

        Raises:
            BrokenPromise: it does not.
        """
        candidate = find_candidate(extension, application, {}, None)
        with tempfile.TemporaryDirectory() as folder:
            base = Path(folder) / "base.sqlite3"
            lay_base(candidate, base, script.type, script.config, script.overrides)
            stage = _Stage(candidate, script, base)
            whole, breaches = _try_once(stage)
            breaches = breaches or list(self.find(stage, whole))
        if breaches:
            raise BrokenPromise(candidate.extension, self, breaches)


def _try_once(stage: _Stage) -> tuple[Kept, list[Breach]]:
    """Collect once: return what came of it, and why nothing can be said where nothing did."""
    with stage.open() as bench:
        job, kept = bench.collect(), bench.kept()
    if job.state == "finished" and kept.blocks:
        return kept, []
    fact = f"its first collect {job.state}, and gave nothing: {job.error or job.result}"
    step = "let the script answer what it asks for"
    return kept, [Breach(f"source type {stage.script.type}", fact, step)]


def find_repeated(stage: _Stage, whole: Kept) -> Iterator[Breach]:
    """Yield what another collect adds, changes or deletes, of the same things outside."""
    with stage.open() as bench:
        for full in (False, False, True):
            bench.collect(full=full)
            place = f"source type {stage.script.type}, collected again{' in full' * full}"
            for fact in whole.list_changes(bench.kept()):
                yield Breach(place, fact, AGAIN)
            bench.pass_hours(2)


def find_lost_by_kills(stage: _Stage, whole: Kept) -> Iterator[Breach]:
    """Yield what is missing, or there twice, when a collect is killed and done again."""
    for step in range(1, MAX_STEPS):
        killed, path = _kill_at(stage, step)
        if not killed:
            return
        changes = list(whole.list_changes(_collect_again(stage, path)))
        if changes:
            place = f"source type {stage.script.type}, killed {killed} (step {step})"
            yield from (Breach(place, fact, REMEMBER) for fact in changes)
            return


def _kill_at(stage: _Stage, step: int) -> tuple[str, Path]:
    """Collect, and be killed at a step: return where that was, empty where it never came."""
    with stage.open(dies_at=step) as bench:
        try:
            bench.collect()
        except Killed as killed:
            return str(killed), bench.path
        return "", bench.path


def _collect_again(stage: _Stage, path: Path) -> Kept:
    """Collect by another process, later; return what is there then."""
    script = stage.script
    with Bench(stage.candidate, path, script.web, script.overrides, None) as bench:
        bench.pass_hours(2)
        bench.collect()
        return bench.kept()


def find_lost_state(stage: _Stage, _: Kept) -> Iterator[Breach]:
    """Yield how a source's state is another one when it is read again."""
    with stage.open() as bench:
        before, after = bench.state_there_and_back()
    if before != after:
        yield Breach(
            f"source type {stage.script.type}: state",
            f"was {before!r} after a collect, and is {after!r} when it is read again",
            "let every field of the state be written as JSON and read again",
        )


def find_lost_while_away(stage: _Stage, whole: Kept) -> Iterator[Breach]:
    """Yield what is missing when the web was away at the first collect."""
    with stage.open(_AwayWeb({})) as bench:
        bench.collect()
    for fact in whole.list_changes(_collect_again(stage, bench.path)):
        yield Breach(
            f"source type {stage.script.type}, collected while nobody answered, and again",
            fact,
            "let Unavailable and TimedOut out of collect: it is tried again",
        )


RULES = (
    SourceRule("collected-twice", "what is collected twice adds nothing", find_repeated),
    SourceRule("killed", "a collect that is killed at any step loses nothing", find_lost_by_kills),
    SourceRule("state", "the state of a source comes back as it was", find_lost_state),
    SourceRule("web-away", "nothing is lost while the web is away", find_lost_while_away),
)
"""The promises of a type of sources."""
