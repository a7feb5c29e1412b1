"""A clock that a test sets, for whole processes: libfaketime stands between them and the system.

Only the time of day is set. Monotonic clocks, timers and the disk's times stay as they are, as they
do when somebody sets a machine's clock. https://github.com/wolfcw/libfaketime
"""

import importlib.util
from pathlib import Path

LIBRARY = Path("vendor", "libfaketime", "src", "libfaketime.so.1")


class SetClock:
    """The clock of the processes that have its environment."""

    def __init__(self, folder: Path, seconds: float = 0) -> None:
        self._file = folder / f"clock-{id(self)}"
        self.set(seconds)

    def set(self, seconds: float) -> None:
        """Let the clock be so far ahead from now on; each process sees it when it looks next."""
        made = self._file.with_suffix(".part")
        made.write_text(f"{seconds:+}\n")
        made.replace(self._file)

    def environ(self) -> dict[str, str]:
        """Return the variables that a process needs."""
        found = importlib.util.find_spec("libfaketime")
        assert found is not None
        assert found.origin is not None
        return {
            "LD_PRELOAD": str(Path(found.origin).parent / LIBRARY),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_FORCE_MONOTONIC_FIX": "0",
            "NO_FAKE_STAT": "1",
        }
