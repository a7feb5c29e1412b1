"""A further place of small values: a module of its own, which only who chooses it loads."""

from inkcre.adapters.keyvalue.memory import MemoryKeyValue


class Shelf(MemoryKeyValue):
    """Small values on a shelf."""
