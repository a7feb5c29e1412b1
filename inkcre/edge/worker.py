"""What Cloudflare calls: the class that a Worker's entry names.

https://developers.cloudflare.com/workers/languages/python/
"""

import sys
from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

from inkcre.application import Application

CARRIED_MODULE = "carried_extensions"
"""What `build` writes beside the entry where settings enable any extension."""


def make_worker(application: Application, folder: Path) -> type:
    """Assemble an application with the settings in a folder, and make the class that answers.

    Raises:
        SettingsError: the artifact's settings make no sense.
    """
    import workers

    # The heap grows by a fifth whenever it is full, and never shrinks: to 62.4 MiB on the way here,
    # and to 74.9 under load. Grown once, by as much as we need: 59 MiB, and below 71 under load.
    bytearray(33_400_000)
    # Starlette takes it along if it can, for forms that nobody may ever send: 0.4 MB of each
    # isolate's memory. Whoever reads a form imports it then.
    sys.modules["python_multipart"] = None  # type: ignore[assignment]

    from inkcre.edge import collector
    from inkcre.edge.entry import EdgeApplication

    del sys.modules["python_multipart"]

    class Default(workers.WorkerEntrypoint):  # type: ignore[misc]
        """What Cloudflare calls: for a request, and for a Cron Trigger."""

        app = EdgeApplication(replace(application, carried=_find_carried()), folder)

        async def fetch(self, request: Any) -> Any:
            """Answer a request; collect garbage behind it when that is due."""
            try:
                return await self.app.answer(request.js_object, self.env)
            finally:
                collector.collect_behind(self.ctx)

        async def scheduled(self, _controller: Any, _env: Any, _ctx: Any) -> None:
            """Do what is due. Of the environments only ``self.env`` has been made for Python."""
            try:
                self.app.tick(self.env)
            finally:
                collector.collect_behind(self.ctx)

    return Default


def _find_carried() -> Mapping[str, str]:
    try:
        carried: Mapping[str, str] = import_module(CARRIED_MODULE).CARRIED
    except ModuleNotFoundError as error:
        if error.name != CARRIED_MODULE:
            raise
        return {}
    return carried
