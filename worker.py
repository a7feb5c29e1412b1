"""The entry of the Cloudflare Worker; ``inkcre build`` copies it into the artifact.

https://developers.cloudflare.com/workers/languages/python/
"""

import sys
from pathlib import Path
from typing import Any

import workers

# The heap grows by a fifth whenever it is full, and never shrinks: to 62.4 MiB on the way here, and
# to 74.9 under load. Grown once, by as much as we need, it is 58 MiB, and 69.5 under load.
bytearray(32_400_000)

# Starlette takes it along if it can, for forms that nobody may ever send: 0.4 MB of each isolate's
# memory. Whoever reads a form imports it then.
sys.modules["python_multipart"] = None  # type: ignore[assignment]

from inkcre.edge import collector
from inkcre.edge.entry import EdgeApplication

del sys.modules["python_multipart"]
app = EdgeApplication(Path(__file__).parent)


class Default(workers.WorkerEntrypoint):  # type: ignore[misc]
    """What Cloudflare calls: for a request, and for a Cron Trigger."""

    async def fetch(self, request: Any) -> Any:
        """Answer a request; collect garbage behind it when that is due."""
        try:
            return await app.answer(request.js_object, self.env)
        finally:
            collector.collect_behind(self.ctx)

    async def scheduled(self, _controller: Any, _env: Any, _ctx: Any) -> None:
        """Do what is due. Of the environments only ``self.env`` has been made for Python."""
        try:
            app.tick(self.env)
        finally:
            collector.collect_behind(self.ctx)
