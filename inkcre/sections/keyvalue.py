"""``[keyvalue]``: where small values with an expiry are kept."""

from typing import Annotated, Literal

from pydantic import Field

from inkcre.settings.section import BindingName, Section


class MemoryKeyValueSettings(Section):
    """``kind = "memory"``: this process only."""

    kind: Literal["memory"] = "memory"
    """Values live and die with the process."""

    max_entries: Annotated[int, Field(ge=1)] = 10_000
    """How many values are kept; the least recently used goes first."""

    max_bytes: Annotated[int, Field(ge=1024)] = 67_108_864
    """How many bytes are kept, keys and values together."""


class DatabaseKeyValueSettings(Section):
    """``kind = "database"``: a table in the database, shared by all replicas."""

    kind: Literal["database"] = "database"
    """A table in the database."""


class KvSettings(Section):
    """``kind = "kv"``: Cloudflare KV, a cache and not a store of record."""

    kind: Literal["kv"] = "kv"
    """A KV namespace."""

    binding: BindingName = "KV"
    """The ``[bindings.NAME]`` table, of type "kv"."""


KeyValueSettings = Annotated[
    MemoryKeyValueSettings | DatabaseKeyValueSettings | KvSettings,
    Field(discriminator="kind"),
]
