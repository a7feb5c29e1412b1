"""``[app]``: what the application calls itself and shows of itself."""

from typing import Annotated

from pydantic import Field

from inkcre.settings.section import Section


class AppSettings(Section):
    """What the application calls itself and shows of itself."""

    title: str = ""
    """The title in the API documentation: that of the application, unless it is set."""

    docs: bool = True
    """Whether the interactive documentation is served at /docs and /redoc."""

    replicas: Annotated[int, Field(ge=1)] = 1
    """How many processes serve the same base at once, here and elsewhere; checks count by it."""
