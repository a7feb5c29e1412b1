"""Lines of the log: what they belong to is in them."""

import json
import logging

from inkcre.runtime.logs import ConsoleFormatter, JsonFormatter
from inkcre.tracing import trace


def record(message: str) -> logging.LogRecord:
    """Make a record."""
    return logging.LogRecord("inkcre.x", logging.INFO, "x.py", 1, message, None, None)


def test_json_names_request_job_and_source() -> None:
    """Each where there is one."""
    line = JsonFormatter()
    with trace(request="abc"), trace(job=5, source=None):
        said = json.loads(line.format(record("hello")))
    assert (said["request_id"], said["job_id"], said["message"]) == ("abc", 5, "hello")
    assert "source_id" not in said
    assert "job_id" not in json.loads(line.format(record("hello")))


def test_lines_for_people_end_with_them() -> None:
    """The first line of several; none without."""
    line = ConsoleFormatter("%(message)s")
    with trace(job=5, source=2):
        assert line.format(record("one\ntwo")) == "one [job=5 source=2]\ntwo"
    assert line.format(record("one")) == "one"
