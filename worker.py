"""The entry of the Cloudflare Worker; ``inkcre build`` copies it into the artifact.

https://developers.cloudflare.com/workers/languages/python/
"""

import sys
from pathlib import Path
from typing import Any

from workers import asgi

# Starlette takes it along if it can, for forms that nobody may ever send: 0.4 MB of each isolate's
# memory. Whoever reads a form imports it then.
sys.modules["python_multipart"] = None  # type: ignore[assignment]

from inkcre.edge import collector
from inkcre.edge.entry import EdgeApplication

del sys.modules["python_multipart"]
app = EdgeApplication(Path(__file__).parent)

# With an underscore: the runtime takes every public class of this module for an entry.
_Entry: Any = asgi.entrypoint(app)


class Default(_Entry):  # type: ignore[misc]
    """What Cloudflare calls: for a request, and for a Cron Trigger."""

    async def fetch(self, request: Any) -> Any:
        """Answer a request; collect garbage behind it when that is due."""
        try:
            return await app.answer(request, self.env, self.ctx, asgi.fetch)
        finally:
            collector.collect_behind(self.ctx)

    async def scheduled(self, _controller: Any, _env: Any, _ctx: Any) -> None:
        """Do what is due. Of the environments only ``self.env`` has been made for Python."""
        try:
            app.tick(self.env)
        finally:
            collector.collect_behind(self.ctx)
