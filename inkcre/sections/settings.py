"""``Settings``: every section in one immutable value."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, Field, PrivateAttr
from pydantic_settings import BaseSettings, SettingsConfigDict

from inkcre.sections.app import AppSettings
from inkcre.sections.bindings import Binding
from inkcre.sections.cache import CacheSettings
from inkcre.sections.checks import ChecksSettings
from inkcre.sections.database import DatabaseSettings, SqliteSettings
from inkcre.sections.extensions import ExtensionsSettings
from inkcre.sections.http import HttpSettings
from inkcre.sections.keyvalue import KeyValueSettings, MemoryKeyValueSettings
from inkcre.sections.logging import LoggingSettings
from inkcre.sections.scheduler import ApschedulerSettings, SchedulerSettings
from inkcre.sections.sources import SourcesSettings
from inkcre.sections.storage import FilesystemSettings, StorageSettings
from inkcre.sections.web import SocketsSettings, WebSettings
from inkcre.sections.workers import WorkersSettings
from inkcre.settings.origins import Origins
from inkcre.settings.section import PROFILE_NAME, SOUND, BindingName, Discreet


class Settings(Discreet, BaseSettings):
    """Hold every setting, typed and immutable.

    Made by :func:`inkcre.settings.loader.load_settings`. ``Settings(…)`` itself reads nothing
    from its surroundings: no variable, no file.
    """

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
        env_prefix="INKCRE_",
        env_nested_delimiter="__",
    )

    profile: Annotated[str, Field(pattern=PROFILE_NAME), SOUND] = "dev"
    """The deployment profile's name."""

    target: Literal["process", "workers"] = "process"
    """Where the application runs: in a process of its own, or on Cloudflare Workers."""

    app: AppSettings = AppSettings()
    """What the application calls itself and shows of itself."""

    http: HttpSettings = HttpSettings()
    """The HTTP side."""

    database: DatabaseSettings = SqliteSettings()
    """Where blocks and relations are kept."""

    storage: StorageSettings = FilesystemSettings()
    """Where files are kept."""

    keyvalue: KeyValueSettings = MemoryKeyValueSettings()
    """Where small values with an expiry are kept."""

    web: WebSettings = SocketsSettings()
    """How pages of others are fetched."""

    cache: CacheSettings = CacheSettings()
    """A read-through cache over the key-value port."""

    scheduler: SchedulerSettings = ApschedulerSettings()
    """What calls the tick."""

    sources: SourcesSettings = SourcesSettings()
    """What sources of this machine may read."""

    logging: LoggingSettings = LoggingSettings()
    """What is written about the running of the application."""

    checks: ChecksSettings = ChecksSettings()
    """Which configuration checks are silenced."""

    extensions: ExtensionsSettings = ExtensionsSettings()
    """Packages that add resolvers, sources and routes."""

    workers: WorkersSettings = WorkersSettings()
    """The deployment to Cloudflare Workers."""

    bindings: Mapping[BindingName, Binding] = {}
    """The resources that Workers lend to the application, by name."""

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

    def trace(self, origins: Origins) -> "Settings":
        """Attach where each leaf comes from; for the loader, before anyone sees the value."""
        self._origins = origins
        return self
