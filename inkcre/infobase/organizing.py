"""Organising: add to the graph what a block's resolver finds in it."""

from datetime import datetime

from inkcre.infobase.graphs import write_graph
from inkcre.infobase.resolvers import Block, find_resolver
from inkcre.ports.database import Database


def organize_block(database: Database, block: Block, now: datetime) -> None:
    """Break a block down and write what comes out; a second time adds nothing."""
    star = find_resolver(block["resolver"]).break_down(block)
    if star is not None:
        write_graph(database, star, now)
