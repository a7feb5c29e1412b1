"""``[cache]``: a read-through cache over the key-value port."""

from typing import Annotated

from pydantic import Field

from inkcre.settings.section import Section


class CacheSettings(Section):
    """A read-through cache over the key-value port."""

    enabled: bool = False
    """Whether what can be fetched again is kept for a while."""

    ttl_seconds: Annotated[int, Field(ge=60)] = 3600
    """How long a value is kept; Cloudflare KV takes no less than 60."""
