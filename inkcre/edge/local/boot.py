# mypy: ignore-errors
"""Import a Worker's entry in the way that its runtime does; run by harness.mjs inside Pyodide.

The last expression of this file is what it gives back: the entry's handlers.
"""

import importlib
import importlib.machinery
import json
import random
import socket
import sys
import traceback
from contextlib import contextmanager
from types import ModuleType

import _harness
import js
from pyodide.code import eval_code_async

random.seed()  # what was read from a snapshot would draw the same at each start
sys.path[:0] = ["/worker/src", "/worker/python_modules"]
sys.dont_write_bytecode = not _harness.bytecode
sys.pycache_prefix = _harness.bytecode or None

PATCHES = {}
"""What workers-runtime-sdk wants done around a module's import: context managers, by name."""


class PatchingFinder:
    """Import the modules that are patched inside their context managers."""

    def find_spec(self, name, path=None, target=None):
        """Find a patched module as usual, with a loader that patches it."""
        if name not in PATCHES:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None:
            execute = spec.loader.exec_module

            def exec_module(module):
                with PATCHES[name](module):
                    execute(module)

            spec.loader.exec_module = exec_module
        return spec


def _register(name):
    def decorate(patch):
        PATCHES[name] = patch
        return patch

    return decorate


@contextmanager
def _allow_draws(count):
    kept, _harness.entropy.left = _harness.entropy.left, count
    try:
        yield
    finally:
        _harness.entropy.left = kept


def _provide_runtime():
    """Provide the part of workerd's own Python that the SDK's patches are written against."""
    package, patching, allowing = map(
        ModuleType,
        ("_cloudflare", "_cloudflare.import_patch_manager", "_cloudflare.allow_entropy"),
    )
    package.__path__ = []
    package.__spec__ = importlib.machinery.ModuleSpec("_cloudflare", None, is_package=True)
    patching.register_exec_patch = patching.register_create_patch = _register
    patching.register_after_snapshot = patching.register_before_first_request = lambda name: (
        lambda function: function
    )
    patching.block_calls = lambda module, allowlist=(): None
    allowing.allow_bad_entropy_calls = _allow_draws
    for module in (package, patching, allowing):
        sys.modules[module.__name__] = module
    sys.meta_path.insert(0, PatchingFinder())
    import _workers_sdk_patch_loader  # noqa: F401 - the SDK's .pth file does this


def _refuse_timeouts():
    """End the run at any timeout of a socket: on workerd it ends the isolate, sooner or later."""

    def refuse(*_):
        _harness.fail("a socket was given a timeout\n" + "".join(traceback.format_stack()))

    socket.socket.settimeout = socket.setdefaulttimeout = refuse


def _import_entry():
    with _allow_draws(0):
        return importlib.import_module(_harness.main)


_provide_runtime()
_refuse_timeouts()
import workers  # noqa: E402

_entry = _import_entry()


async def _fetch(request, env, context):
    return await _entry.Default(context, env).fetch(workers.Request(request))


async def _scheduled(controller, env, context):
    await _entry.Default(context, env).scheduled(controller, env, context)


async def _run(source, env):
    return json.dumps(await eval_code_async(source, {"env": env, "entry": _entry}))


_handlers = js.Object.new()
_handlers.fetch, _handlers.scheduled, _handlers.run = _fetch, _scheduled, _run
_handlers
