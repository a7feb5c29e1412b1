"""``Settings``: every section in one immutable value."""

from collections.abc import Iterator, Mapping
from typing import ClassVar, TypeVar

from pydantic_settings import SettingsConfigDict

from inkcre.application import Application
from inkcre.errors import InvariantBroken, Misconfigured
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
from inkcre.sections.storage import FilesystemSettings, StorageSettings
from inkcre.sections.web import SocketsSettings, WebSettings
from inkcre.sections.workers import WorkersSettings
from inkcre.settings.model import SettingsModel
from inkcre.settings.section import BindingName, Section

S = TypeVar("S", bound=Section)


class Settings(SettingsModel):
    """Hold every setting of an application, typed and immutable: the framework's sections.

    Those of the parts are fields of a model that is made of this one: ``section`` returns them.
    """

    # Each application's own model is made of this one, which nobody validates itself.
    model_config = SettingsConfigDict(defer_build=True)

    made_of: ClassVar[Application | None] = None
    """The application whose model it is; ``application`` returns it."""

    app: AppSettings = AppSettings()
    """What the application calls itself and shows of itself."""

    http: HttpSettings = HttpSettings()
    """The HTTP side."""

    database: DatabaseSettings = SqliteSettings()
    """Where rows are kept."""

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

    logging: LoggingSettings = LoggingSettings()
    """What is written about the running of the application."""

    checks: ChecksSettings = ChecksSettings()
    """Which configuration checks are silenced."""

    extensions: ExtensionsSettings = ExtensionsSettings()
    """Packages that bring further parts."""

    workers: WorkersSettings = WorkersSettings()
    """The deployment to Cloudflare Workers."""

    bindings: Mapping[BindingName, Binding] = {}
    """The resources that Workers lend to the application, by name."""

    @property
    def application(self) -> Application:
        """The application whose settings they are."""
        if self.made_of is None:
            raise InvariantBroken("settings: of no application")
        return self.made_of

    def sections(self) -> Iterator[Section]:
        """Yield every section, and the tables of what the settings enable."""
        for holder in (self, self.extensions):
            for name in type(holder).model_fields:
                value = getattr(holder, name)
                if isinstance(value, Section):
                    yield value

    def section(self, model: type[S]) -> S:
        """Return the section of a model.

        Raises:
            Misconfigured: the application has none.
        """
        for section in self.sections():
            if isinstance(section, model):
                return section
        raise Misconfigured(f"{model.__name__}: is no section of this application's settings")
