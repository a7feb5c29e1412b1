"""Exports and imports of whole bases, as the commands make them."""

from functools import partial

from inkcre.context import Components
from inkcre.graph.files.files import open_shelf
from inkcre.transfer.arrivals import Destination
from inkcre.transfer.exports import export_lines, find_extent
from inkcre.transfer.file_lines import ExportedFiles, file_lines
from inkcre.transfer.imports import Progress, import_lines
from inkcre.transfer.item_lines import item_lines
from inkcre.transfer.losses import Losses
from inkcre.transfer.source_lines import export_sources
from tests.on_base import source_types


def export_base(base: Components, *, has_secrets: bool = True) -> list[bytes]:
    """Return a base as lines, its files and secrets included."""
    sources = export_sources(base.database, source_types(base), Losses(), has_secrets=has_secrets)
    extent = find_extent(base.database)
    files = ExportedFiles()
    lines = [
        *export_lines(base.database, extent),
        *sources.lines,
        *item_lines(base.database, sources.names, extent.last_item),
        *file_lines(base.database, base.storage, files),
    ]
    assert files.lacking == []
    return lines


def import_base(base: Components, lines: list[bytes]) -> Progress:
    """Import lines."""
    shelf = partial(open_shelf, base.database, base.storage, base.tenure)
    destination = Destination(shelf, types=source_types(base), zone=base.zone)
    *_, progress = import_lines(base.database, lines, base.clock, destination)
    return progress
