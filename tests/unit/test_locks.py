"""What is fetched for this checkout: by hash, and from wherever pip is told to."""

import re

import pytest

from tests.conftest import ROOT

LOCKS = sorted((ROOT / "requirements").glob("*.txt"))


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.name)
def test_every_requirement_has_hashes_and_names_no_registry(path: object) -> None:
    """Another file under the same name is refused, whoever serves it."""
    text = (ROOT / "requirements" / str(path)).read_text()
    wanted = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:]
    assert wanted
    for requirement in wanted:
        assert re.match(r"\S+==\S+", requirement), requirement
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", requirement), requirement
    assert "://" not in text
    assert "index" not in text


def test_make_installs_nothing_without_a_hash() -> None:
    """But this project itself, with nothing that it needs."""
    makefile = (ROOT / "Makefile").read_text().replace("\\\n", " ")
    fetched = [line for line in makefile.splitlines() if "pip install" in line]
    assert len(fetched) == 4
    for line in fetched:
        assert "--require-hashes" in line or "--no-deps --no-build-isolation" in line, line
    version = re.search(r"^UV_VERSION := (.+)$", makefile, re.MULTILINE)
    assert version
    uv = (ROOT / "requirements" / "uv.txt").read_text()
    assert uv.startswith(f"uv=={version[1]} ")
