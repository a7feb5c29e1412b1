"""The command at another time; run as a program, as faketime would run it.

usage: python -m tests.processes.elsewhen SECONDS ARGUMENT...

Every moment that the process asks for is so many seconds later. The database and the disk keep
their own time.
"""

import sys
from datetime import datetime, timedelta, tzinfo
from typing import Self

from inkcre.assembly import assembly
from inkcre.core import INKCRE


def main() -> None:
    """Run the command."""
    seconds, *arguments = sys.argv[1:]
    by = timedelta(seconds=float(seconds))

    class Elsewhen(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return super().now(tz) + by

    vars(assembly)["datetime"] = Elsewhen
    sys.argv[1:] = arguments
    INKCRE.cli()


if __name__ == "__main__":
    main()
