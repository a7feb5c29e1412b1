"""The conformance kit: what keeps all promises passes, and whoever breaks one breaks that one."""

import os
import sys
from contextlib import suppress
from types import ModuleType
from typing import Any
from unittest import SkipTest

import links
import psycopg
import pytest

from inkcre.errors import InkcreError
from inkcre.extension import Extension
from inkcre.testing import extension
from inkcre.testing.extension import sources
from inkcre.testing.extension.candidate import find_candidate
from inkcre.testing.extension.sources import Script, ScriptedWeb, SourceRule
from tests.conftest import SERVER_VARIABLE, new_postgres_database
from tests.testing import broken
from tests.testing.broken.heavy import HEAVY
from tests.testing.broken.parts import ForgetfulSource
from tests.testing.sample import SAMPLE
from tests.testing.sample.sources import URL

MIGRATIONS = ("migrations-sqlite", "migrations-d1", "migrations-postgres")

BREAKS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(
        (
            "NOWHERE", "NAMELESS", "WRONG_SETTINGS", "WRONG_RULE", "WRONG_ROUTER",
            "WRONG_MODEL", "WRONG_JOB", "WRONG_SCHEDULE", "WRONG_TYPE", "WRONG_RESOLVER",
            "WRONG_COMMAND", "WRONG_PROBE", "WRONG_CUSTODY", "WRONG_NEED", "WRONG_MIGRATIONS",
            "WRONG_MODULE", "WRONG_PORT", "WRONG_ADAPTER", "WRONG_PROVIDER",
        ),
        ("references",),
    ),
    "LOUD": ("quiet-import",),
    **dict.fromkeys(
        ("THAWED", "OPEN", "UNTOLD", "UNDESCRIBED", "UNEXEMPLIFIED", "CARELESS", "SHOWN"),
        ("settings",),
    ),
    **dict.fromkeys(
        (
            "STRAY_JOB", "STRAY_COMMAND", "STRAY_PROBE", "STRAY_ROUTE", "SHADOW", "TAKEN_PATH", "STRAY_TABLE",
            "STRAY_VERSIONS", "TAKEN_TYPE", "TAKEN_RESOLVER", "TAKEN_NAME",
        ),
        ("names",),
    ),
    **dict.fromkeys(("UNLIKE", "UNNAMED", "SURPLUS", "ENDLESS"), MIGRATIONS),
    "NOT_ON_SQLITE": ("migrations-sqlite",),
    "NOT_ON_D1": ("migrations-d1",),
    "NOT_ON_POSTGRES": ("migrations-postgres",),
    **dict.fromkeys(("SILENT", "CAREFREE", "MISTOLD"), ("routes",)),
    **dict.fromkeys(("MISNAMED", "UNSAID", "LAX"), ("source-types",)),
    **dict.fromkeys(("LACKING", "MISPLACED"), ("workers",)),
    **dict.fromkeys(("IDLE", "QUARRELSOME", "UNLENT", "UNMET"), ("assembles",)),
    "HEAVY": ("light-manifest",),
}  # fmt: skip
"""Which rules each of the broken ones breaks."""

BREAKS_OF_SOURCES = {
    "TWICE": "collected-twice", "FORGETFUL": "killed", "HASTY": "killed", "LOSSY": "state", "BOLD": "web-away",
}  # fmt: skip

SCRIPT = Script("sample", {"url": URL}, ScriptedWeb({URL: b'["ink", "paper", "pen"]'}))
BROKEN_SCRIPT = Script("broken")


BREACHES = {
    "LOUD": [f"tests.testing.broken.loud_{what}" for what in broken.LOUD_IN],
    "LACKING": ["tests.testing.broken.threaded", "tests.testing.broken.compiled"],
    "MISPLACED": ["tests.testing.broken.deeply"],
    "NOWHERE": ["tests.testing.broken.nowhere", "tests.testing.broken.raising"],
}
"""Where several things of one are broken."""


def record(name: str) -> Extension:
    """Return a broken one."""
    found = HEAVY if name == "HEAVY" else getattr(broken, name)
    assert isinstance(found, Extension)
    return found


def ask(
    rule: extension.ExtensionRule, of: Extension, **more: Any
) -> AssertionError | SkipTest | None:
    """Return what a rule raises, if it does."""
    try:
        rule.check(of, **more)
    except (extension.BrokenPromise, extension.NotAsked) as raised:
        return raised
    return None


def find_rule(id_: str) -> extension.ExtensionRule:
    """Return a rule by its id."""
    return next(rule for rule in extension.RULES if rule.id == id_)


def postgres_url() -> str:
    """Return a database of the tests' server; nothing is left in it."""
    return os.environ[SERVER_VARIABLE].replace("NAME", "postgres")


@pytest.mark.parametrize("rule", extension.RULES)
def test_sample_conforms(rule: extension.ExtensionRule) -> None:
    """The sample, which has one of each sort, keeps all of them."""
    rule.check(SAMPLE, postgres_url=postgres_url())


def test_sample_has_one_of_each_sort() -> None:
    """So that no rule passes for want of something to look at."""
    assert set(SAMPLE.brings()) >= {
        "settings", "rules", "routers", "models", "jobs", "schedules", "source_types", "resolvers",
        "adapters", "commands", "probes", "needs", "migrations",
    }  # fmt: skip


@pytest.mark.parametrize("name", BREAKS)
def test_broken_one_breaks_its_rule_and_no_other(name: str) -> None:
    """What could not be asked for that reason is skipped, and says so."""
    url = postgres_url()
    raised = {rule.id: ask(rule, record(name), postgres_url=url) for rule in extension.RULES}
    told = {id_: e for id_, e in raised.items() if isinstance(e, extension.BrokenPromise)}
    skipped = [str(reason) for reason in raised.values() if isinstance(reason, SkipTest)]
    assert set(told) == set(BREAKS[name]), told
    assert all("mend that first" in reason for reason in skipped)
    for id_, broken_promise in told.items():
        said, breaches = str(broken_promise), broken_promise.breaches
        assert said.startswith(f"extension {record(name).name} breaks the rule {id_}: ")
        assert all(one.place and one.fact and one.step for one in breaches)
        for module in BREACHES.get(name, ()):
            assert any(module in one.place for one in breaches), module


def test_every_rule_has_one_that_breaks_it_alone() -> None:
    """A rule that let everything pass would be noticed by that one."""
    alone = {rules[0] for rules in BREAKS.values() if len(rules) == 1}
    assert alone == {rule.id for rule in extension.RULES}
    assert set(BREAKS_OF_SOURCES.values()) == {rule.id for rule in sources.RULES}
    names = {name for name, value in vars(broken).items() if isinstance(value, Extension)}
    assert names == {*BREAKS, *BREAKS_OF_SOURCES} - {"HEAVY"}


@pytest.mark.parametrize("rule", sources.RULES)
def test_source_of_the_sample_conforms(rule: SourceRule) -> None:
    """It is collected again, killed at each step, and left alone by the web."""
    rule.check(SAMPLE, SCRIPT)


@pytest.mark.parametrize("name", BREAKS_OF_SOURCES)
def test_broken_source_breaks_its_rule_and_no_other(name: str) -> None:
    """Each rule of the suite has one."""
    broken_rules = []
    for rule in sources.RULES:
        ForgetfulSource.locked.clear()
        with suppress(extension.BrokenPromise):
            rule.check(record(name), BROKEN_SCRIPT)
            continue
        broken_rules.append(rule.id)
    assert broken_rules == [BREAKS_OF_SOURCES[name]]


def test_what_is_not_asked_is_skipped_and_says_why() -> None:
    """Pytest knows the error: nothing passes that nobody has tried."""
    rule = find_rule("migrations-postgres")
    with pytest.raises(SkipTest, match="not run: no PostgreSQL was given"):
        rule.check(SAMPLE)


def test_nothing_is_left_on_postgres() -> None:
    """The namespace goes with the rule, whether it holds or not."""
    rule = find_rule("migrations-postgres")
    url = new_postgres_database()
    rule.check(SAMPLE, postgres_url=url)
    with pytest.raises(extension.BrokenPromise):
        rule.check(broken.UNLIKE, postgres_url=url)
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'inkcre%' UNION"
            " SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        ).fetchall()
    assert found == []


@pytest.mark.parametrize("rule", extension.RULES)
def test_part_of_another_application_is_looked_at(rule: extension.ExtensionRule) -> None:
    """One that the application names itself, with settings in a table of its name."""
    raised = ask(rule, links.LINKS, application=links.app, postgres_url=postgres_url())
    # It is an application, which may answer and be typed as it likes; the rest is kept.
    expected = {"names": extension.BrokenPromise, "routes": extension.BrokenPromise}
    behind = (extension.NotAsked, "extension links breaks the rule names: mend that first")
    if rule.id in expected:
        assert isinstance(raised, expected[rule.id]), raised
    else:
        assert raised is None or (type(raised), str(raised)) == behind


def test_extension_of_another_application_is_enabled_there() -> None:
    """It need not be installed, and nothing of the information base is meant."""
    raised = [ask(rule, broken.STRAY_JOB, application=links.app) for rule in extension.RULES]
    (told,) = [error for error in raised if isinstance(error, extension.BrokenPromise)]
    assert told.rule is find_rule("names")
    assert "call it broken.weather.count" in str(told)


def test_record_is_found_by_its_reference() -> None:
    """As settings name it."""
    extension.RULES[0].check("tests.testing.sample:SAMPLE")
    with pytest.raises(
        extension.BrokenPromise, match=r"models: tests\.testing\.broken\.parts:NUMBER"
    ):
        extension.RULES[0].check("tests.testing.broken:WRONG_MODEL")


def test_record_is_found_in_its_own_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever else has imported it, by whatever name."""
    holder = ModuleType("t")
    holder.SAMPLE = SAMPLE  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "t", holder)
    found = find_candidate(SAMPLE, None, {}, None)
    assert (found.reference, found.package) == ("tests.testing.sample:SAMPLE", "tests")


def test_record_that_nobody_has_is_told() -> None:
    """With what to write in its place."""
    with pytest.raises(InkcreError, match="no module has its record") as caught:
        extension.RULES[0].check(Extension("nobody", "In no module"))
    assert caught.value.hint == 'give a reference: check("weather:WEATHER")'


def test_script_that_gives_nothing_is_told() -> None:
    """Nothing would be proven by it."""
    for rule in sources.RULES:
        with pytest.raises(extension.BrokenPromise, match=r"its first collect \w+, and gave"):
            rule.check(SAMPLE, Script("sample"))


def test_items_of_pytest_are_called_as_the_rules() -> None:
    """One line for an author, and each rule is an item by its name."""
    assert [rule.__name__ for rule in (*extension.RULES, *sources.RULES)] == [
        rule.id for rule in (*extension.RULES, *sources.RULES)
    ]
