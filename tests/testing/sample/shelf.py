"""A place of small values."""

from inkcre.adapters.keyvalue.memory import MemoryKeyValue


class SampleShelf(MemoryKeyValue):
    """Small values on a shelf."""
