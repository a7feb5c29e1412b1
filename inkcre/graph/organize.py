"""Organising: add to the graph, in the same batch as the block, what its resolver finds in it."""

from collections.abc import Iterable
from datetime import datetime

from inkcre.graph.blocks import create_block
from inkcre.graph.forms import BlockForm
from inkcre.graph.graphs import write_graph
from inkcre.graph.records import Block
from inkcre.graph.resolvers import Resolver, find_resolver
from inkcre.ports.database import Database


def create_organized_block(
    database: Database, resolvers: Iterable[Resolver], form: BlockForm, now: datetime
) -> tuple[Block, bool]:
    """Add a block and what comes out of breaking it down; a second time adds nothing.

    Returns the block, and whether it was added.
    """
    star = find_resolver(form.resolver, resolvers).break_down(form)
    if star is None:
        return create_block(database, form, now)
    graph = write_graph(database, star, now)
    block = graph.blocks[0]
    return block, block.id in graph.created.blocks
