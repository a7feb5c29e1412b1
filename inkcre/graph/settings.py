"""``[core]``: what the information base remembers of itself."""

from typing import Annotated

from pydantic import Field

from inkcre.settings.section import Section


class CoreSettings(Section):
    """What the information base remembers of itself."""

    changes_keep_days: Annotated[int, Field(ge=1, le=3650)] = 30
    """How many days it is remembered what was changed, and what it was before."""
