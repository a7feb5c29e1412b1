"""What Cloudflare lends to a request: bindings, variables and secrets, under one name each.

https://developers.cloudflare.com/workers/runtime-apis/bindings/
"""

from collections.abc import Iterator, Mapping
from typing import Any


class WorkerBindings(Mapping[str, Any]):
    """A Worker's ``env`` as a mapping. It must not outlive the request that it came with.

    Bindings are handed out as JavaScript's own objects. The SDK's wrappers around them turn every
    value of every answer into a Python object by itself; those who need it know a faster way.
    """

    def __init__(self, env: Any) -> None:
        # The SDK's wrapper hides what is under it, and has no way to list the names.
        self._env = getattr(env, "_env", env)

    def __getitem__(self, name: str) -> Any:
        value = getattr(self._env, name, None)
        if value is None:
            raise KeyError(name)
        return value

    def __iter__(self) -> Iterator[str]:
        yield from self._env.object_keys()

    def __len__(self) -> int:
        return len(self._env.object_keys())

    def variables(self, prefix: str) -> dict[str, str]:
        """Give the variables and secrets whose names begin with ``prefix``."""
        # By name first: to look at a binding can be a call to somewhere else.
        named = {name: self[name] for name in self if name.startswith(prefix)}
        return {name: value for name, value in named.items() if isinstance(value, str)}
