"""The tree of errors."""

from collections.abc import Iterator

from inkcre import errors
from inkcre.cli import config_show, explanations, extensions_new, streams
from inkcre.commands import copies, data
from inkcre.edge.artifact import builder, extension_lock, folder, wheels, wrangler
from inkcre.edge.local import server as local_serving
from inkcre.errors import InkcreError
from inkcre.http.problems import STATUSES
from inkcre.jobs import runner
from inkcre.ports import store_errors
from inkcre.process import probes, serve, workers
from inkcre.settings import files
from inkcre.settings.report import SettingsError
from inkcre.sources import on_demand
from inkcre.transfer.backups import archive, restoring

LOADED = (
    builder, config_show, copies, data, extension_lock, extensions_new, local_serving, wrangler, explanations, files, folder, serve, wheels,
    archive, probes, restoring, workers, streams,
    SettingsError, on_demand, runner, store_errors)  # fmt: skip
ABSTRACT = {"InkcreError", "CallerError", "OperatorError", "SurroundingsError", "NotOurs"}


def descendants(kind: type[InkcreError]) -> Iterator[type[InkcreError]]:
    """Yield a class's descendants."""
    for child in kind.__subclasses__():
        yield child
        yield from descendants(child)


def concrete_codes() -> set[str]:
    """Return the code of every error that can be raised."""
    assert LOADED
    return {k.code for k in descendants(InkcreError) if k.__name__ not in ABSTRACT}


def test_codes_are_unique() -> None:
    """A code names one kind of error."""
    kinds = [k for k in descendants(InkcreError) if k.__name__ not in ABSTRACT]
    codes = [k.code for k in kinds]
    assert len(codes) == len(set(codes))
    assert all(code != "error" for code in codes)


def test_tree_in_the_docstring_is_the_tree() -> None:
    """Each class of the module stands in its drawing."""
    drawn = errors.__doc__ or ""
    for kind in descendants(InkcreError):
        if kind.__module__ == "inkcre.errors":
            assert f" {kind.__name__} " in drawn


def test_every_error_over_http_has_a_status() -> None:
    """What a request can meet has a status of its own or its parent's; nothing else is in the table."""
    for kind in descendants(InkcreError):
        if kind.__module__ == "inkcre.errors" and kind.__name__ not in ABSTRACT | {"SettingsError"}:
            assert any(parent in STATUSES for parent in kind.__mro__), kind
    assert all(400 <= status < 600 for status, _ in STATUSES.values())
