# mypy: ignore-errors
"""The artifact's own entry, and what tests ask of the isolate behind it, under ``/__probe``."""

import json

import pyodide_js
import worker_of_artifact
from pyodide.code import eval_code_async
from worker_of_artifact import Default as _Default
from workers import Response


class Default(_Default):
    """The artifact's own; a body sent to ``/__probe`` is Python to run, whose value is the answer."""

    async def fetch(self, request):
        """Answer a probe; leave everything else to the artifact."""
        if not request.url.partition("?")[0].endswith("/__probe"):
            return await super().fetch(request)
        if request.method == "POST":
            source = await request.text()
            found = await eval_code_async(source, {"env": self.env, "worker": worker_of_artifact})
        else:
            found = {
                "heap": pyodide_js._module.HEAPU8.length,
                "in_flight": len(_Default.app._admission._in_flight),
            }
        return Response(json.dumps(found))
