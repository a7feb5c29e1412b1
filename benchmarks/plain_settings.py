"""The same settings read by plain pydantic-settings: the same models, its own sources."""

from pathlib import Path

from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

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
from inkcre.sections.workers import WorkersSettings

FILES: list[Path] = []
"""The files to read, weakest first; a source of pydantic-settings takes them from its class."""


class PlainSettings(BaseSettings):
    """Every section, with no origin, no profile and no diagnostics."""

    model_config = SettingsConfigDict(
        extra="ignore", env_prefix="INKCRE_", env_nested_delimiter="__"
    )

    target: str = "process"
    description: str = ""
    app: AppSettings = AppSettings()
    http: HttpSettings = HttpSettings()
    database: DatabaseSettings = SqliteSettings()
    storage: StorageSettings = FilesystemSettings()
    keyvalue: KeyValueSettings = MemoryKeyValueSettings()
    cache: CacheSettings = CacheSettings()
    scheduler: SchedulerSettings = ApschedulerSettings()
    logging: LoggingSettings = LoggingSettings()
    checks: ChecksSettings = ChecksSettings()
    extensions: ExtensionsSettings = ExtensionsSettings()
    workers: WorkersSettings = WorkersSettings()
    bindings: dict[str, Binding] = {}

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        files = [TomlConfigSettingsSource(settings_cls, path) for path in reversed(FILES)]
        return (init_settings, env_settings, *files)
