"""The few options of curl that the documents use: a machine that runs the tests may have none.

An answer of 400 and above fails, as with ``--fail``; an option that is not known fails, too.
"""

import argparse
import sys
from pathlib import Path

import httpx2 as httpx


def main() -> None:
    """Send the request that the arguments name, and write the answer's body."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("url")
    parser.add_argument("-X", dest="method")
    parser.add_argument("-H", dest="headers", action="append", default=[])
    parser.add_argument("-d", dest="data")
    parser.add_argument("--data-binary", dest="binary")
    parser.add_argument("-F", dest="form")
    told = parser.parse_args()
    content, files = b"", None
    headers = dict(header.split(": ", 1) for header in told.headers)
    if told.data is not None:
        content = told.data.replace("\n", "").encode()
    elif told.binary is not None:
        content = Path(told.binary.removeprefix("@")).read_bytes()
    if told.form is not None:
        name, _, path = told.form.partition("=@")
        files = {name: (Path(path).name, Path(path).read_bytes())}
    elif content:  # what curl says of a body whose type it is not told
        headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
    method = told.method or ("POST" if content or files else "GET")
    answer = httpx.request(
        method,
        told.url,
        headers=headers,
        content=None if files else content,
        files=files,
        timeout=60,
    )
    sys.stdout.buffer.write(answer.content)
    sys.exit(22 if answer.status_code >= 400 else 0)


if __name__ == "__main__":
    main()
