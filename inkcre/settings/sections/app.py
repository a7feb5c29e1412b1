"""``[app]``: what the application calls itself and shows of itself."""

from inkcre.settings.sections.base import Section


class AppSettings(Section):
    """What the application calls itself and shows of itself."""

    title: str = "InKCre Core"
    """The title in the API documentation."""

    docs: bool = True
    """Whether the interactive documentation is served at /docs and /redoc."""
