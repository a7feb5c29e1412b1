"""``[checks]``: which configuration checks are silenced."""

from typing import Annotated

from pydantic import Field

from inkcre.settings.section import SOUND, Section


class ChecksSettings(Section):
    """Which configuration checks are silenced."""

    silence: tuple[Annotated[str, Field(pattern=r"^INK\d{3}$"), SOUND], ...] = ()
    """Ids of checks, such as "INK101", that are not reported."""
