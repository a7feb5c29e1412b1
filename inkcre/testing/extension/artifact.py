"""An artifact with an extension in it, assembled on Pyodide: for those who have ``inkcre[edge]``.

What is imported on a Worker, and how, no reading of the code tells for certain::

    def test_weather_is_assembled_on_workers(tmp_path):
        with serve_on_workers(WEATHER, tmp_path) as url:
            assert httpx2.get(f"{url}/weather/entries").json() == []

Node and the packages of Workers are fetched once, and kept for all projects.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from inkcre.application import Application
from inkcre.edge.artifact.builder import build_artifact
from inkcre.edge.artifact.folder import write_folder
from inkcre.edge.artifact.lock import lock_file, read_lock
from inkcre.edge.artifact.wheels import fetch_wheels
from inkcre.edge.local.harness import Harness, HarnessOptions
from inkcre.edge.local.migrations import apply_migrations
from inkcre.edge.tools import tools_folder
from inkcre.extension import Extension
from inkcre.sections.schema import DEFAULT
from inkcre.settings.report import SettingsError
from inkcre.testing.extension.candidate import Candidate, find_candidate

ENTRY = """from pathlib import Path

from {module} import {attribute}

Default = {attribute}.worker(Path(__file__).parent)
"""


@contextmanager
def serve_on_workers(
    extension: Extension | str,
    folder: Path,
    *,
    application: Application | None = None,
    entry: str = DEFAULT,
    overrides: Mapping[str, object] | None = None,
) -> Iterator[str]:
    """Serve an artifact that has an extension in it, on a D1 with its tables; give its base URL.

    Args:
        extension: its record, or a reference to it.
        folder: where the artifact, its database and its log are written; empty.
        application: which one it is for; InKCre unless it is given.
        entry: a reference to that application.
        overrides: settings by dotted key.

    Raises:
        OperatorError: the artifact cannot be built.
        Unavailable: it is not assembled there; the log in the folder tells why.
    """
    candidate = find_candidate(extension, application, overrides or {}, None)
    artifact = folder / "artifact"
    write_folder(build_files(candidate, entry), artifact)
    apply_migrations(artifact, "DB", folder / "state")
    harness = Harness(HarnessOptions(artifact, state=folder / "state"), folder / "log")
    try:
        yield harness.wait_until_ready()
    finally:
        harness.close()


def build_files(candidate: Candidate, entry: str) -> Mapping[str, bytes]:
    """Return the files of the artifact, by their paths.

    Raises:
        OperatorError: it cannot be built.
    """
    module, _, attribute = entry.partition(":")
    found = candidate.inspect_settings("workers")
    settings = found.settings
    if settings is None:
        raise SettingsError(found.problems, candidate.base.name)
    packages = read_lock(lock_file().read_text())
    artifact = build_artifact(
        settings,
        found.leaves(),
        entry=ENTRY.format(module=module, attribute=attribute).encode(),
        packages=packages,
        wheels=fetch_wheels(packages, tools_folder() / "wheels"),
        wrangler={},
    )
    return artifact.files
