"""A server process whose clock somebody else moves; run as a program.

usage: python -m tests.processes.ticking_server DATABASE_URL PORT CLOCK_FILE

The clock is eight bytes in a file: seconds since 1970. Jobs of kind "mark" write a row in the batch
that ends them.
"""

import mmap
import struct
import sys
from dataclasses import replace
from datetime import UTC, datetime

import uvicorn
from sqlalchemy import BigInteger, Column, MetaData, Table, bindparam, insert, select, true

from inkcre.app import create_app
from inkcre.core import INKCRE
from inkcre.extension import Extension
from inkcre.jobs.kinds import JobKind, NoPayload, Outcome, RunningJob
from inkcre.ports.database import Statement
from inkcre.sections.schema import load_settings

marks = Table("test_marks", MetaData(), Column("job", BigInteger))
MARK = Statement(
    insert(marks).from_select(["job"], select(bindparam("job", type_=BigInteger)).where(true()))
)


def mark(job: RunningJob) -> Outcome:
    """Tell that the job was done."""
    return Outcome({"marked": job.id}, [MARK(job=job.id)])


MARK_KIND = JobKind("mark", NoPayload, mark)
MARKS = Extension("marks", "Marks", jobs=("tests.processes.ticking_server:MARK_KIND",))


def main() -> None:
    """Serve until killed."""
    url, port, clock_file = sys.argv[1:]
    with open(clock_file, "rb") as file:  # noqa: PTH123 - mmap wants a descriptor
        shared = mmap.mmap(file.fileno(), 8, access=mmap.ACCESS_READ)

    def clock() -> datetime:
        return datetime.fromtimestamp(struct.unpack("d", shared[:8])[0], UTC)

    settings = load_settings(
        "server",
        overrides={
            "database.url": url, "http.host": "127.0.0.1", "http.port": int(port),
            "scheduler.tick_seconds": 1, "storage.kind": "memory",
        },
        environ={},
        application=replace(INKCRE, extensions=(*INKCRE.extensions, MARKS)),
    )  # fmt: skip
    app = create_app(settings, clock=clock)
    uvicorn.run(app, host="127.0.0.1", port=int(port), log_level="warning")


if __name__ == "__main__":
    main()
