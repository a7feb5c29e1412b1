"""A command of its own."""

from inkcre.framework import Database
from links.tables import SELECT_ALL


def list_links(database: Database) -> None:
    """List all addresses, the most visited first."""
    for link in SELECT_ALL.read(database):
        print(f"{link.visits:>8}  {link.code}  {link.url}")
