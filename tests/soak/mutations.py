"""Change the code in small ways, and see whether a test notices.

A mutant is one change of a module's syntax tree. The tests that execute its line run with it, in a
forked child of a process that has everything imported, so that most take a second or two. What is
executed by importing, such as a statement of SQL, is imported in the child, as all of ours is then;
those tests look at it that touch what names it. A mutant that no test notices is printed: it is a
fact that no test states, or code that says nothing.

Only tests of this process look, on SQLite, for some seconds a mutant. Those that compare texts with
the whole, such as the golden SQL, do not: every change of SQL would be killed at once. What only the
golden SQL notices is told apart.

Why not a tool: cosmic-ray starts the tests' command for each mutant, five to ten seconds of imports
here. mutmut 3 forks and knows which tests touch a function, but what is outside of functions has no
mutants there, and most of our SQL is. Neither knows clauses of SQLAlchemy.
"""

import argparse
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FunctionType

import pytest

from tests.mutations import trials
from tests.mutations.mutants import Mutant, draw, mutants_of
from tests.mutations.touching import FOLDERS, ROOT, Touching, dotted, read_touching, relative

MAX_SECONDS = 8.0
"""How long the tests may take together that look at a mutant, if nothing else is asked for."""

COLLECT_SECONDS = 0.03
"""What a test takes besides."""

ENDS = {
    int(pytest.ExitCode.TESTS_FAILED): "killed",
    trials.TIMED_OUT: "timed out",
    trials.BROKEN: "broken",
}
"""What became of a mutant, by how its child ended; the rest is how pytest ends without tests."""

GOLDEN = "tests/unit/test_golden_sql.py::test_longer_statements_are_as_they_were_read"


@dataclass
class Trials:
    """Mutants tried, and what became of them."""

    touching: Touching
    shown: Sequence[str]
    """Tests that look at every mutant, before others."""

    max_seconds: float
    folder: Path
    functions: dict[str, list[FunctionType]] = field(default_factory=dict)
    counted: Counter[str] = field(default_factory=Counter)
    killers: dict[bool, set[str]] = field(default_factory=lambda: {False: set(), True: set()})
    """Tests that failed with a mutant: with one that was imported, or one that was not."""

    def choose(self, mutant: Mutant) -> list[str]:
        """Return the tests that a mutant is shown to."""
        chosen = [*self.shown]
        seconds = 0.0
        for test in self.touching.tests_of(mutant):
            seconds += self.touching.seconds[test] + COLLECT_SECONDS
            if chosen and seconds > self.max_seconds:
                break
            chosen.append(test)
        return chosen

    def try_mutant(self, mutant: Mutant) -> str:
        """Run the tests that look at a mutant; tell what became of it."""
        tests = self.choose(mutant)
        if not tests:
            return "unseen"
        limit = 30 + 4 * sum(self.touching.seconds.get(test, 5) for test in tests)
        is_imported = self.touching.is_imported(mutant)
        status = self._run(mutant, tests, limit, is_imported=is_imported)
        if status == trials.NOT_APPLIED:
            is_imported = True
            status = self._run(mutant, tests, limit, is_imported=True)
        if status != 0:
            return ENDS.get(status, "cannot be imported")
        if is_imported and self._run(mutant, [GOLDEN], 60, is_imported=True):
            return "golden only"
        return "survived"

    def _run(self, mutant: Mutant, tests: list[str], limit: float, *, is_imported: bool) -> int:
        functions = self.functions.get(str(mutant.path), [])

        def work() -> int:
            tree = mutant.tree()
            if is_imported:
                trials.import_mutated(dotted(relative(mutant.path)), mutant.path, tree)
            elif not trials.patch_functions(functions, tree, mutant.path):
                return trials.NOT_APPLIED
            return trials.run_chosen(tests, Killer(self.folder / "killer"))

        (self.folder / "killer").write_text("")
        status = trials.in_child(work, seconds=limit, log=self.folder / "log")
        self.killers[is_imported] |= {*(self.folder / "killer").read_text().splitlines()}
        return status

    def check_killers(self) -> list[str]:
        """Return those of the tests that killed mutants that fail without one, too."""
        found: list[str] = []
        for is_imported, tests in self.killers.items():

            def work(is_imported: bool = is_imported, tests: set[str] = tests) -> int:
                if is_imported:
                    trials.forget_modules()
                return trials.run_chosen(
                    sorted(tests), Killer(self.folder / "killer"), max_failed=len(tests)
                )

            (self.folder / "killer").write_text("")
            if tests and trials.in_child(work, seconds=1800, log=self.folder / "log"):
                failed = (self.folder / "killer").read_text().splitlines()
                found += failed or [(self.folder / "log").read_text()[-2000:]]
        return found


class Killer:
    """A plugin that writes down which tests failed."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Write a test's name if it failed."""
        if report.failed:
            with self._file.open("a") as file:
                file.write(f"{report.nodeid}\n")


def find_modules(names: Sequence[str]) -> list[Path]:
    """Return the modules that are meant: of the package, or of a folder in it."""
    found: list[Path] = []
    for name in names:
        path = ROOT / "inkcre" / name
        found += sorted(path.rglob("*.py")) if path.is_dir() else [path]
    return found


def main(arguments: Sequence[str]) -> int:
    """Try mutants of some modules; give the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak mutations", description=__doc__)
    parser.add_argument("modules", nargs="+", help="such as jobs/leases.py, or graph")
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--lines", help="only mutants of these lines, such as 10,12", default="")
    parser.add_argument("--seconds", type=float, help="of tests a mutant", default=MAX_SECONDS)
    parser.add_argument("--tests", nargs="*", help="to be shown to all of them", default=[])
    asked = parser.parse_args(arguments)
    lines = {int(line) for line in asked.lines.split(",") if line}
    tried = Trials(read_touching(), asked.tests, asked.seconds, Path.cwd())
    mutants = [m for path in find_modules(asked.modules) for m in mutants_of(path)]
    mutants = [m for m in mutants if not lines or m.line in lines]
    drawn = draw(mutants, asked.count, random.Random(asked.seed))
    print(f"{len(drawn)} of {len(mutants)} mutants, with seed {asked.seed}", flush=True)
    tried.functions = trials.import_all(FOLDERS)
    started = time.monotonic()
    for mutant in drawn:
        became = tried.try_mutant(mutant)
        tried.counted[became] += 1
        if became not in ("killed", "cannot be imported"):
            tests = tried.choose(mutant)
            print(
                f"{became}: {relative(mutant.path)}:{mutant.line} [{mutant.kind}] "
                f"{mutant.before}  ->  {mutant.after}  ({len(tests)} tests)",
                flush=True,
            )
    seconds = time.monotonic() - started
    told = ", ".join(f"{number} {became}" for became, number in sorted(tried.counted.items()))
    print(f"{len(drawn)} mutants in {seconds:.0f} s: {told}", flush=True)
    failing = tried.check_killers()
    if failing:
        print("these killed mutants, and fail without them: ", *failing, sep="\n  ")
    return 1 if failing else 0
