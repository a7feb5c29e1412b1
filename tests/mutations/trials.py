"""A trial: a mutant and the tests that look at it, in a child of a process that has all imported."""

import ast
import gc
import os
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import chdir, redirect_stdout, suppress
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from io import StringIO
from pathlib import Path
from types import CodeType, FunctionType, ModuleType

import pytest

ROOT = Path(__file__).parents[2]
OPTIONS = (
    "--quiet", "--no-header", "--tb=short", "-p", "no:cacheprovider", "-p", "no:xdist",
    f"--rootdir={ROOT}", f"--config-file={ROOT / 'pyproject.toml'}",
)  # fmt: skip
MAX_MEMORY_BYTES = 6 * 1024**3
NOT_APPLIED = 77
"""How a child ends that did not find the function that it was to change."""

TIMED_OUT = 78
BROKEN = 79
"""How a child ends that did not come to the tests, by a fault of ours."""


class Worker:
    """A plugin that says what pytest-xdist says to its workers: what all tests share is not ours."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """Say it before our own conftest starts a server."""
        config.workerinput = {}  # type: ignore[attr-defined]


class Chosen:
    """A plugin that leaves some tests of those that were collected, in the order they are named in.

    As arguments of pytest not all of their names would lead to them.
    """

    def __init__(self, tests: Sequence[str]) -> None:
        self.files = sorted({test.partition("::")[0] for test in tests})
        self._places = {test: place for place, test in enumerate(tests)}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Leave them."""
        chosen = [item for item in items if item.nodeid in self._places]
        items[:] = sorted(chosen, key=lambda item: self._places[item.nodeid])


def run_chosen(tests: Sequence[str], *plugins: object, max_failed: int = 1) -> int:
    """Run some tests by their names, until so many have failed; give the exit status."""
    chosen = Chosen(tests)
    return run_tests([*chosen.files, f"--maxfail={max_failed}"], chosen, *plugins)


def run_tests(arguments: Sequence[str], *plugins: object) -> int:
    """Run some tests here; give the exit status."""
    with tempfile.TemporaryDirectory(prefix="pytest-mutant-", ignore_cleanup_errors=True) as folder:
        # Called so, that tests which go on as nobody open it to them.
        options = [*OPTIONS, f"--basetemp={folder}/pytest-tests"]
        with chdir(ROOT):
            return int(pytest.main([*options, *arguments], plugins=[Worker(), *plugins]))


def in_child(work: Callable[[], int], *, seconds: float, log: Path | None = None) -> int:
    """Do something in a forked process, with what it says in a file; give its exit status."""
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        _be_child(work, seconds, log)
    deadline = time.monotonic() + 6 * seconds  # of a machine that does other things too
    ended = os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    while ended is None and time.monotonic() < deadline:
        time.sleep(0.02)
        ended = os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    with suppress(ProcessLookupError):
        os.killpg(child, signal.SIGKILL)  # and what the tests started
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return TIMED_OUT if ended is None or code == -signal.SIGXCPU else code


def _be_child(work: Callable[[], int], seconds: float, log: Path | None) -> None:
    """Work, and end; nothing of the parent's goes on here."""
    status = BROKEN
    try:
        os.setsid()
        if log is not None:
            file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(file, 1)
            os.dup2(file, 2)
        hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
        resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, hard))
        resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
        status = work()
    except Exception:  # noqa: BLE001 - there is nobody above
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(status)


def forget_modules() -> None:
    """Let all of ours be imported anew."""
    for name in list(sys.modules):
        if name.partition(".")[0] in ("inkcre", "tests"):
            del sys.modules[name]


def import_mutated(module: str, path: Path, tree: ast.Module) -> None:
    """Let a module be imported as it is in a tree, and everything else of ours anew."""
    forget_modules()
    sys.meta_path.insert(0, _Finder(module, path, compile(tree, str(path), "exec")))


class _Finder:
    """Finds one module, with other code."""

    def __init__(self, module: str, path: Path, code: CodeType) -> None:
        self._module, self._path, self._code = module, path, code

    def find_spec(
        self, name: str, path: object = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return how the module is loaded; None for any other."""
        if name != self._module:
            return None
        return spec_from_file_location(
            name, self._path, loader=_Loader(name, str(self._path), self._code)
        )


class _Loader(SourceFileLoader):
    """Loads a module of code that is there."""

    def __init__(self, name: str, path: str, code: CodeType) -> None:
        super().__init__(name, path)
        self._code = code

    def get_code(self, fullname: str) -> CodeType:
        """Return the code."""
        return self._code


def import_all(folders: Sequence[str]) -> dict[str, list[FunctionType]]:
    """Import all that tests of some folders need; give the functions that live then, by file."""
    with redirect_stdout(StringIO()):
        run_tests(["--collect-only", *folders])
    functions: dict[str, list[FunctionType]] = {}
    for found in gc.get_objects():
        if type(found) is FunctionType:
            functions.setdefault(found.__code__.co_filename, []).append(found)
    gc.freeze()  # or every child would copy whatever its collector looks at
    return functions


def patch_functions(functions: Sequence[FunctionType], tree: ast.Module, path: Path) -> int:
    """Give every function of a module that is another in a tree its code; give how many are.

    Whoever holds a function, or has decorated it, has the changed one then: nothing is imported.
    """
    new = _codes(compile(tree, str(path), "exec"))
    patched = 0
    for function in functions:
        code = function.__code__
        changed = new.get((code.co_qualname, code.co_firstlineno), code)
        if changed != code and changed.co_freevars == code.co_freevars:
            function.__code__ = changed
            patched += 1
    return patched


def _codes(code: CodeType) -> dict[tuple[str, int], CodeType]:
    """Return the code of every function by its name and line; not of those that share both."""
    found: dict[tuple[str, int], CodeType] = {}
    shared: set[tuple[str, int]] = set()
    waiting = [code]
    while waiting:
        for inner in waiting.pop().co_consts:
            if isinstance(inner, CodeType):
                key = (inner.co_qualname, inner.co_firstlineno)
                shared |= {key} & found.keys()
                found[key] = inner
                waiting.append(inner)
    return {key: inner for key, inner in found.items() if key not in shared}
