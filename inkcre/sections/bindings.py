"""``[bindings.NAME]``: the resources that Workers lend to the application, by name."""

from typing import Annotated, Literal

from pydantic import Field

from inkcre.settings.section import Name, ResourceId, Section


class HyperdriveBinding(Section):
    """``type = "hyperdrive"``."""

    type: Literal["hyperdrive"]
    """A Hyperdrive configuration."""

    id: ResourceId | None = None
    """The configuration's id; absent until it has been created."""


class D1Binding(Section):
    """``type = "d1"``."""

    type: Literal["d1"]
    """A D1 database."""

    id: ResourceId | None = None
    """The database's id; absent until it has been created."""


class R2Binding(Section):
    """``type = "r2"``."""

    type: Literal["r2"]
    """An R2 bucket."""

    bucket: Name
    """The bucket's name."""


class KvBinding(Section):
    """``type = "kv"``."""

    type: Literal["kv"]
    """A KV namespace."""

    id: ResourceId | None = None
    """The namespace's id; absent until it has been created."""


class AiBinding(Section):
    """``type = "ai"``."""

    type: Literal["ai"]
    """Workers AI."""


class QueueBinding(Section):
    """``type = "queue"``."""

    type: Literal["queue"]
    """A queue."""

    queue: Name
    """The queue's name."""


Binding = Annotated[
    HyperdriveBinding | D1Binding | R2Binding | KvBinding | AiBinding | QueueBinding,
    Field(discriminator="type"),
]
