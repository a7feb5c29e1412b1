"""Extensions that are installed for one test: packages in a folder that Python looks through."""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from textwrap import dedent

import pytest

MANIFEST = """
    from inkcre.framework import Extension

    {name}_EXTENSION = Extension(name="{name}", summary="A planted one", {fields})
"""

SETTINGS = """
    from typing import Literal
    from pydantic import Field, SecretStr
    from inkcre.framework import Section

    class PlantedSettings(Section):
        \"\"\"What a planted one is told.\"\"\"

        token: SecretStr{token}
        \"\"\"What it shows to others.\"\"\"

        city: str = "Riga"
        \"\"\"Where it looks.\"\"\"

        times: int = Field(3, ge=1)
        \"\"\"How often.\"\"\"
"""


class Plants:
    """Install packages."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.names: list[str] = []

    def package(
        self,
        name: str,
        files: Mapping[str, str],
        *,
        points: Mapping[str, str],
        requires: str = "",
        group: str = "inkcre.extensions",
    ) -> None:
        """Install a package of some files, and its entry points."""
        home = self.folder / name
        home.mkdir(parents=True)
        for path, text in files.items():
            (home / path).write_text(dedent(text))
        info = self.folder / f"{name}-1.0.dist-info"
        info.mkdir()
        lines = [f"{point} = {reference}" for point, reference in points.items()]
        (info / "entry_points.txt").write_text("\n".join([f"[{group}]", *lines, ""]))
        asked = f"Requires-Dist: {requires}\n" if requires else ""
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.4\nName: {name}\nVersion: 1.0\n{asked}"
        )
        self.names.append(name)

    def extension(
        self,
        name: str,
        *,
        fields: str = "",
        settings: bool = True,
        token: str = ' = SecretStr("")',
        requires: str = "",
        files: Mapping[str, str] | None = None,
    ) -> None:
        """Install an extension, with a table of settings unless it should have none."""
        if settings:
            fields = f'settings="planted_{name}.settings:PlantedSettings", {fields}'
        self.package(
            f"planted_{name}",
            {
                "__init__.py": MANIFEST.format(name=name, fields=fields),
                "settings.py": SETTINGS.format(token=token),
                **(files or {}),
            },
            points={name: f"planted_{name}:{name}_EXTENSION"},
            requires=requires,
        )


@pytest.fixture
def plants(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plants]:
    """Return what installs packages, for one test and the processes that it starts."""
    planted = Plants(tmp_path / "planted")
    monkeypatch.syspath_prepend(str(planted.folder))
    monkeypatch.setenv("PYTHONPATH", str(planted.folder))
    yield planted
    for module in [m for m in sys.modules if m.partition(".")[0] in planted.names]:
        del sys.modules[module]
