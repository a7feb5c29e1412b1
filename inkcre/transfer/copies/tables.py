"""Which tables a copy of a base takes along, and why it leaves the others.

A test fails when a table is in neither list, so that a new one is not forgotten.
"""

from collections.abc import Mapping

COPIED = (
    "storages",
    "blocks",
    "relations",
    "sources",
    "source_items",
    "sayings",
    "schedules",
    "jobs",
    "keyvalues",
)
"""In the order in which rows refer to each other."""

LEFT_OUT: Mapping[str, str] = {
    "base": "the id of each base, which a copy is not",
    "changes": "what was changed in each base, by its own ids; a copy is a change itself",
    "claims": "which storages a base has claimed, by its own id",
    "clock": "the last time that each base knows, by its own ticks",
    "file_notes": "which files a base has let go, of its own storage",
    "framework_schema": "the revision of the framework's tables, which each base has by itself",
    "inkcre_schema": "the revision of the schema, which each base has by itself",
}
"""Tables that are each base's own, with the reason."""
