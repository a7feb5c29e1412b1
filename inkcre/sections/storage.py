"""``[storage]``: where files are kept."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr
from pydantic_core import PydanticCustomError

from inkcre.settings.section import (
    SOUND,
    BindingName,
    HttpAddress,
    LocalPath,
    SecretText,
    Section,
)


class KeptFiles(Section):
    """What every place has in which files outlive the process."""

    kind: str
    """Which it is; here, so that it is the first, as in every section."""

    keep_days: Annotated[int, Field(ge=1, le=3650)] = 30
    """How many days files stay that were let go, for a change of mind and for backups."""

    claim: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$"), SOUND] | None = None
    """The id of the base whose storage this base is to take over, where no command reaches."""


Prefix = Annotated[str, Field(max_length=200, pattern=r"^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$"), SOUND]
"""Without dots: ``cp *`` leaves out what begins with one."""


class SharedFiles(KeptFiles):
    """What a bucket has besides."""

    prefix: Prefix | None = None
    """What every name in the bucket begins with, so that bases can share it."""


class FilesystemSettings(KeptFiles):
    """``kind = "filesystem"``: a folder."""

    kind: Literal["filesystem"] = "filesystem"
    """A folder on this machine."""

    path: LocalPath = Path("data/files")
    """The folder, made when absent."""


def _printable(secret: SecretStr) -> SecretStr:
    if not secret.get_secret_value().isprintable():
        raise PydanticCustomError("control_character", "input should have no control character")
    return secret


Key = Annotated[SecretText, AfterValidator(_printable)]


class S3Settings(SharedFiles):
    """``kind = "s3"``: an S3-compatible store."""

    kind: Literal["s3"] = "s3"
    """An S3-compatible store."""

    bucket: Annotated[
        str,
        Field(min_length=3, max_length=63, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*[A-Za-z0-9]$"),
        SOUND,
    ]
    """The bucket's name."""

    region: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]+$"), SOUND] = "auto"
    """The region's name."""

    endpoint: HttpAddress | None = None
    """The store's address; absent for Amazon's own."""

    access_key_id: Key | None = None
    """The key's id; absent to use the machine's own identity."""

    secret_access_key: Key | None = None
    """The key's secret."""


class R2Settings(SharedFiles):
    """``kind = "r2"``: Cloudflare R2."""

    kind: Literal["r2"] = "r2"
    """An R2 bucket."""

    binding: BindingName = "FILES"
    """The ``[bindings.NAME]`` table, of type "r2"."""


class MemoryStorageSettings(Section):
    """``kind = "memory"``: this process only, for tests."""

    kind: Literal["memory"] = "memory"
    """Files live and die with the process."""


StorageSettings = Annotated[
    FilesystemSettings | S3Settings | R2Settings | MemoryStorageSettings,
    Field(discriminator="kind"),
]
