"""Which wheels Pyodide can load, and how well each suits: by the tags in their names.

https://packaging.python.org/en/latest/specifications/platform-compatibility-tags/
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from inkcre.errors import Unsupported

if TYPE_CHECKING:
    from packaging.tags import Tag

PLATFORM = "pyemscripten_2026_0_wasm32"
PYTHON = "3.14"
"""What compatibility date 2026-09-08 brings: PEP 783's tag of Pyodide 314, and its Python.
https://developers.cloudflare.com/workers/languages/python/packages/"""


def rank_wheels(names: Iterable[str]) -> dict[str, int]:
    """Return the rank of each file that can be loaded, 0 the best; the others are left out.

    Raises:
        Unsupported: the package packaging is not installed.
    """
    try:
        from packaging.utils import InvalidWheelFilename, parse_wheel_filename
    except ModuleNotFoundError as error:
        raise Unsupported("packaging: is not installed", hint="install inkcre[edge]") from error
    known = {tag: number for number, tag in enumerate(_order_tags())}
    ranks = {}
    for name in names:
        try:
            _, _, _, tags = parse_wheel_filename(name)
        except InvalidWheelFilename:
            continue
        if suited := tags & known.keys():
            ranks[name] = min(known[tag] for tag in suited)
    return ranks


def _order_tags() -> "Iterator[Tag]":
    """Yield what is built for Pyodide first, and pure Python last."""
    from packaging.tags import compatible_tags, cpython_tags

    version = tuple(map(int, PYTHON.split(".")))
    abi = f"cp{PYTHON.replace('.', '')}"  # said, or the interpreter that builds would be asked
    yield from cpython_tags(version, [abi], [PLATFORM])
    yield from compatible_tags(version, abi, [PLATFORM])
