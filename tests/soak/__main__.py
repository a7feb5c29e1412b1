"""Run a soak by its name: a module of this folder with a function ``main``."""

import importlib
import sys
from pathlib import Path

from tests.alone import working_alone


def soak() -> int:
    """Run the one that is named, with the arguments that follow; give the exit status."""
    names = sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py"))
    if len(sys.argv) < 2 or sys.argv[1] not in names:
        print(f"name one of: {', '.join(names)}", file=sys.stderr)
        return 2
    chosen = importlib.import_module(f"tests.soak.{sys.argv[1]}")
    with working_alone():
        status: int = chosen.main(sys.argv[2:])
    return status


if __name__ == "__main__":
    sys.exit(soak())
