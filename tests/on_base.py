"""What the API does with the components of a base, for tests that have no server."""

from inkcre.context import Components
from inkcre.graph.files import contents
from inkcre.graph.records import Block
from inkcre.jobs.jobs import Job
from inkcre.sources import on_demand, sources
from inkcre.sources.base import Item
from inkcre.sources.forms import SourceForm
from inkcre.sources.items.revisions import Written
from inkcre.sources.registry import InstalledSourceTypes, find_source_types
from inkcre.sources.rows import Source


def source_types(base: Components) -> InstalledSourceTypes:
    """Return what sources may be of."""
    return find_source_types(base.settings)


def create_source(base: Components, form: SourceForm) -> Source:
    """Add a source."""
    return sources.create_source(
        base.database, source_types(base), form, now=base.clock(), timezone=base.zone
    )


def enqueue_collect(base: Components, source_id: int, *, full: bool, **words: bool) -> Job:
    """Add the job that collects a source."""
    return on_demand.enqueue_collect(base.database, source_id, full=full, now=base.clock(), **words)


def add_items(base: Components, source_id: int, items: list[Item]) -> Written:
    """Write items that somebody else has collected."""
    return on_demand.add_items(
        base.database, source_types(base), source_id, items, now=base.clock()
    )


def find_content(base: Components, block: Block) -> contents.BlockContent:
    """Find the content of a block."""
    return contents.find_content(base.database, base.storage, base.web, block)
