"""Where a run of tests keeps its files: in memory, as long as the machine has room there.

Tests make hundreds of databases and thousands of folders that nobody wants an hour later, and none of
them proves what a disk does when the power goes: on a disk most of their time is spent waiting for it.
Who wants to look at what a test has left names a folder of their own: ``TMPDIR=/tmp``.
"""

import os
import shutil
import tempfile
from pathlib import Path

SHARED_MEMORY = Path("/dev/shm")
LEAST_BYTES = 4 * 2**30
"""What must be free; a run needs about a quarter of it."""


def move_to_memory() -> Path | None:
    """Let temporary folders lie in memory from now on; give what is to be removed at the end.

    None: they lie where they lay, because somebody has said where, or there is no room.
    """
    if "TMPDIR" in os.environ or not _has_room():
        return None
    folder = Path(tempfile.mkdtemp(prefix="inkcre-", dir=SHARED_MEMORY))
    folder.chmod(0o711)  # PostgreSQL runs as nobody when we are root
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder)
    return folder


def _has_room() -> bool:
    try:
        if os.statvfs(SHARED_MEMORY).f_flag & os.ST_NOEXEC:  # programs are copied as well
            return False
        memory = Path("/proc/meminfo").read_text()
        available = int(memory.partition("MemAvailable:")[2].split()[0]) * 1024
        free = min(shutil.disk_usage(SHARED_MEMORY).free, available)
    except (OSError, IndexError):  # not Linux
        return False
    return free >= LEAST_BYTES and os.access(SHARED_MEMORY, os.W_OK)
