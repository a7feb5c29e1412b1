"""What can be set."""

from pydantic import Field

from inkcre.framework import Section


class LinksSettings(Section):
    """How long short addresses live."""

    default_days: int = Field(30, ge=1, le=3650)
    """How many days an address lives that names no end."""
