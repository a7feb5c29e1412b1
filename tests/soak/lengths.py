"""The tests that ``make test`` runs shortly, at their whole length."""

import os
import sys
from collections.abc import Sequence

import pytest

from tests.conftest import ROOT
from tests.lengths import WHOLE_VARIABLE

TESTS = (
    "tests/processes",
    "tests/unit/test_claims.py",
    "tests/unit/test_files.py",
    "tests/unit/test_keeping.py",
    "tests/contract/test_fuzz.py",
    "tests/edge/workerd/test_workerd.py",
    "tests/edge/test_docstrings.py",
    "tests/edge/test_many_rows.py",
    "tests/edge/test_alive.py::test_timers_are_not_left_behind",
    "tests/edge/test_runtime.py::test_load_is_answered_rightly_and_the_heap_stays_bounded",
    "tests/telegram/test_contract.py",
    "tests/transfer/test_same_base.py",
)


def main(arguments: Sequence[str]) -> int:
    """Run them, one after the other, with further arguments for pytest; give the exit status."""
    os.environ[WHOLE_VARIABLE] = "1"
    sys.path.insert(0, str(ROOT))
    options = ["-p", "no:cacheprovider", "--rootdir", str(ROOT), "-c", str(ROOT / "pyproject.toml")]
    return int(pytest.main([*options, *arguments, *(str(ROOT / test) for test in TESTS)]))
