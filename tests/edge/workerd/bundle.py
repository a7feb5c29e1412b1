"""Python's runtime for workerd, made from npm's Pyodide.

workerd loads Pyodide as a bundle of modules, which its vendor builds and serves from a place of its
own. What is in it is Pyodide as published, its JavaScript bent to a runtime that neither compiles
WebAssembly nor evaluates text while it serves. Which replacements are needed follows from what the
workerd at hand exports for them; one that has gone is left out, and a name that would be missing
fails here and not in a request.

https://github.com/cloudflare/workerd/blob/main/src/pyodide/helpers.bzl (Apache-2.0)
"""

import hashlib
import os
import re
import struct
from collections.abc import Sequence
from pathlib import Path

WRAPPERS = "pyodide-internal:builtin_wrappers"
"""The module of workerd's own that stands between Pyodide and what it may not do."""

NO_EVAL = "(() => { throw new Error('text cannot be evaluated here') })()"

LOAD_LIBRARY = """function loadLibData(){
const data = patchedLoadLibData(Module, libName, flags.rpath);
return flags.loadAsync ? Promise.resolve(data) : data;
}function loadLibDataOfPyodide(){"""

REPLACEMENTS = {
    "newWasmModule": [("new WebAssembly.Module", "newWasmModule")],
    "wasmInstantiate": [("WebAssembly.instantiate", "wasmInstantiate")],
    "monotonicDateNow": [("Date.now", "monotonicDateNow")],
    "getRandomValues": [("crypto.getRandomValues(", "getRandomValues(Module, ")],
    "patchedLoadLibData": [("function loadLibData(){", LOAD_LIBRARY)],
}
"""By the name that workerd exports for it: what is replaced in Pyodide's JavaScript, and by what."""

ALWAYS = [
    ("eval(func)", NO_EVAL),
    ("eval(data)", NO_EVAL),
    ("eval(UTF8ToString(ptr))", NO_EVAL),
    ("getMemory(", "Module.getMemoryPatched(Module, libName, "),
    (
        "export default _createPyodideModule;",
        "export { _createPyodideModule as default, _createPyodideModule };",
    ),
]
"""Replaced whatever workerd exports."""

IMPORTED = (*REPLACEMENTS, "addEventListener", "location", "patchedApplyFunc")
"""What Pyodide's JavaScript calls by these names where there is no global of that name."""

KINDS = ("src", "wasm", "data")
"""What a module of a bundle may be, in the order of the schema's union; "internal" is its type 2.

https://github.com/cloudflare/workerd/blob/main/src/workerd/jsg/modules.capnp
"""

WRONG_WRITE = "POLL WRITES WHERE IT MUST NOT"

NAME = "pyodide_dev.capnp.bin"
"""Under which workerd looks for the bundle in the folder that it is given."""


def find_workerd(modules: Path) -> Path:
    """Return workerd's program among npm's packages.

    Raises:
        AssertionError: there is none for this machine; nothing else can stand in for it.
    """
    found = sorted(modules.glob("@cloudflare/workerd-*/bin/workerd*"))
    assert found, f"npm has brought no workerd for this machine into {modules}"
    return found[0]


def bundle_folder(modules: Path, *, telling: bool = False) -> Path:
    """Return the folder in which workerd finds the bundle; make it unless it is there.

    Args:
        modules: npm's packages, with pyodide and workerd.
        telling: whether a wrong write of ``poll`` is told on standard error (``tell_wrong_writes``).
    """
    version = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:8]
    packages = modules.parent
    folder = packages.with_name(f"{packages.name}-workerd-{version}{'-telling' if telling else ''}")
    if not (folder / NAME).exists():
        _write_bundle(modules, folder, telling=telling)
    return folder


def _write_bundle(modules: Path, folder: Path, *, telling: bool) -> None:
    source = bend_pyodide(
        (modules / "pyodide" / "pyodide.asm.mjs").read_text(), exported_names(find_workerd(modules))
    )
    if telling:
        source = tell_wrong_writes(source)
    pyodide = modules / "pyodide"
    parts = (
        ("pyodide.asm", "src", source.encode()),
        ("pyodide.asm.wasm", "wasm", (pyodide / "pyodide.asm.wasm").read_bytes()),
        ("python_stdlib.zip", "data", (pyodide / "python_stdlib.zip").read_bytes()),
    )
    modules_ = [(f"pyodideRuntime-internal:{name}", kind, content) for name, kind, content in parts]
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f"{NAME}.{os.getpid()}"
    temporary.write_bytes(encode_bundle(modules_))
    temporary.rename(folder / NAME)


def encode_bundle(modules: Sequence[tuple[str, str, bytes]]) -> bytes:
    """Write modules (name, kind, content) as a message of Cap'n Proto, in one segment.

    A bundle has one pointer, to its list of modules. A module has a word of data (its type, and
    which member of the union it has) and four pointers, of which two are used: name and content.
    https://capnproto.org/encoding.html
    """
    data_words, pointers = 1, 4
    size = data_words + pointers
    head = [
        _pointer(kind=0, offset=0, upper=1 << 16),
        _pointer(kind=1, offset=0, upper=7 | len(modules) * size << 3),
        _pointer(kind=0, offset=len(modules), upper=data_words | pointers << 16),
    ]
    elements: list[int] = []
    blobs: list[bytes] = []
    at = len(head) + len(modules) * size  # where the next blob begins, in words
    for name, kind, content in modules:
        elements.append(2 | KINDS.index(kind) << 16)
        for blob in (name.encode() + b"\x00", content):
            here = len(head) + len(elements)
            elements.append(_pointer(kind=1, offset=at - here - 1, upper=2 | len(blob) << 3))
            blobs.append(blob + bytes(-len(blob) % 8))
            at += len(blobs[-1]) // 8
        elements += [0] * (pointers - 2)
    segment = b"".join([*(struct.pack("<Q", word) for word in head + elements), *blobs])
    return struct.pack("<II", 0, len(segment) // 8) + segment


def _pointer(*, kind: int, offset: int, upper: int) -> int:
    return kind | offset << 2 | upper << 32


def exported_names(program: Path) -> set[str]:
    """Return what workerd exports for Pyodide, by the text of its own module in the program."""
    text = program.read_bytes().decode("latin-1")
    start = re.search(rf"\x00{WRAPPERS}\x00+", text)
    assert start, f"{program}: has no {WRAPPERS}"
    module = text[start.end() : text.index("\x00", start.end())]
    return set(
        re.findall(r"^export (?:async )?(?:function|const|let|class) (\w+)", module, re.MULTILINE)
    )


def bend_pyodide(source: str, exported: set[str]) -> str:
    """Replace in Pyodide's JavaScript what workerd does not let it do."""
    names = [name for name in IMPORTED if name in exported]
    replacements = [pair for name in names for pair in REPLACEMENTS.get(name, [])] + ALWAYS
    for old, new in replacements:
        assert old in source, f"Pyodide's JavaScript has no {old!r}"
        source = source.replace(old, new)
    return f'import {{ {", ".join(names)} }} from "{WRAPPERS}";\n{source}'


def tell_wrong_writes(source: str) -> str:
    """Make Pyodide say when ``poll`` writes its answer into memory that is somebody else's by now."""
    name = r"([\w$]+)"
    write = re.search(
        rf"{name}=>\{{\1&={name}\|8\|16,{name}\.HEAP16\[{name}\+{name}>>1\]=\1,", source
    )
    assert write, "Pyodide's pollAsync has changed"
    _, _, module, at, _ = write.groups()
    looked_at = re.escape(f"{module}.HEAP32[{at}+")
    descriptor = re.search(rf"{name}={looked_at}{name}>>2\]", source)
    assert descriptor, "Pyodide's pollAsync has changed"
    descriptor_name, offset = descriptor.groups()
    check = (
        f'if({module}.HEAP32[{at}+{offset}>>2]!=={descriptor_name})console.error("{WRONG_WRITE}");'
    )
    start = write.start() + write[0].index("{") + 1
    return source[:start] + check + source[start:]
