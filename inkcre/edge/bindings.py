"""What Cloudflare lends to a request: bindings, variables and secrets, under one name each.

https://developers.cloudflare.com/workers/runtime-apis/bindings/
"""

import json
from collections.abc import Iterator, Mapping

from inkcre.javascript import JsProxy


class WorkerBindings(Mapping[str, JsProxy]):
    """A Worker's ``env`` as a mapping. It must not outlive the request that it came with.

    Bindings are handed out as JavaScript's own objects. The SDK's wrappers around them turn every
    value of every answer into a Python object by itself; those who need it know a faster way.
    """

    def __init__(self, env: JsProxy) -> None:
        # The SDK's wrapper hides what is under it, and has no way to list the names.
        self._env: JsProxy = getattr(env, "_env", env)

    def __getitem__(self, name: str) -> JsProxy:
        value = getattr(self._env, name, None)
        if value is None:
            raise KeyError(name)
        return value

    def __iter__(self) -> Iterator[str]:
        yield from self._env.object_keys()

    def __len__(self) -> int:
        return len(self._env.object_keys())

    def variables(self, prefix: str) -> dict[str, str]:
        """Return the variables and secrets whose names begin with ``prefix``, as text.

        One that wrangler's configuration gives as a number, a list or a table is text as JSON.
        """
        # By name first: to look at a binding can be a call to somewhere else.
        return {name: _text(self[name]) for name in self if name.startswith(prefix)}


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, (bool, int, float)):
        return json.dumps(value)
    import js

    return str(js.JSON.stringify(value))
