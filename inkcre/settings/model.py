"""What the settings of every application are made of, beside its own sections."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, PrivateAttr
from pydantic_settings import BaseSettings, SettingsConfigDict

from inkcre.settings.origins import Origins
from inkcre.settings.section import PROFILE_NAME, SOUND, Discreet


class SettingsModel(Discreet, BaseSettings):
    """Hold every setting of an application, typed and immutable.

    Made by :func:`inkcre.settings.loader.load_settings`. Called itself, a model reads nothing from
    its surroundings: no variable, no file.
    """

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
    )

    profile: Annotated[str, Field(pattern=PROFILE_NAME), SOUND] = "dev"
    """The deployment profile's name."""

    target: Literal["process", "workers"] = "process"
    """Where the application runs: in a process of its own, or on Cloudflare Workers."""

    _origins: Origins = PrivateAttr(default_factory=Origins)

    def __init__(self, /, **values: object) -> None:
        """Take values from here only: the loader alone knows the layers.

        The sources of pydantic-settings are passed by, which cost a quarter of a load each time.
        """
        BaseModel.__init__(self, **values)

    @property
    def origins(self) -> Origins:
        """Tell where each leaf comes from."""
        return self._origins

    def trace(self, origins: Origins) -> Self:
        """Attach where each leaf comes from; for the loader, before anyone sees the value."""
        self._origins = origins
        return self
