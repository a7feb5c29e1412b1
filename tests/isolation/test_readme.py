"""The README's Python, as written, where somebody keeps a base: it runs, and leaves that alone."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.isolation import surroundings
from tests.isolation.test_fixtures import run_python

SNIPPETS = re.findall(
    r"^```python\n(.*?)^```$", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL
)
LINGER = "    import time; time.sleep(1.5)\n"
"""Long enough for what runs beside requests to begin."""


@pytest.fixture
def real(tmp_path: Path) -> Iterator[Path]:
    """Return a folder with a base, files, and settings that lead to a server; nobody may call it."""
    surroundings.keep_base(tmp_path)
    with surroundings.listening() as listener:
        surroundings.lay_files(tmp_path, surroundings.hostile_files(listener.port))
        yield tmp_path
        assert listener.connections == 0


@pytest.mark.parametrize("more", ["", LINGER], ids=["as written", "and a second longer"])
@pytest.mark.parametrize("number", range(len(SNIPPETS)))
def test_snippet_runs_and_touches_nothing_real(number: int, more: str, real: Path) -> None:
    """What is copied by people: a script by Python, tests by pytest."""
    code = SNIPPETS[number] + more
    is_suite = "def test_" in code
    (real / "test_snippet.py").write_text(code)
    before = surroundings.digest(real)
    pytest_ = ("-m", "pytest", "-q", "-p", "no:cacheprovider")
    done = run_python(real, *(pytest_ if is_suite else ()), "test_snippet.py")
    assert done.returncode == 0, done.stdout + done.stderr
    assert not is_suite or "1 passed" in done.stdout
    assert surroundings.digest(real) == before


def test_readme_shows_a_script_and_a_test() -> None:
    """Both ways that it tells of."""
    assert ["def test_" in snippet for snippet in SNIPPETS] == [False, True]
