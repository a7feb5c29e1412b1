"""An artifact of next to nothing: for what the harness does, whatever is served.

Importing an application is most of a start.
"""

from pathlib import Path

from inkcre.edge.artifact.folder import write_folder
from inkcre.edge.artifact.lock import lock_file, read_lock
from inkcre.edge.artifact.wheels import fetch_wheels, read_wheel
from inkcre.edge.tools import tools_folder

ENTRY = b"""from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return Response("")
"""
SDK = "workers-runtime-sdk"


def build_bare(folder: Path, configuration: bytes, entry: bytes = ENTRY) -> None:
    """Write an entry, the SDK that it needs, and another artifact's wrangler.jsonc."""
    packages = [found for found in read_lock(lock_file().read_text()) if found.name == SDK]
    wheels = fetch_wheels(packages, tools_folder() / "wheels")
    modules = {f"python_modules/{n}": c for n, c in read_wheel(wheels[SDK]).items()}
    write_folder({"wrangler.jsonc": configuration, "src/worker.py": entry, **modules}, folder)
