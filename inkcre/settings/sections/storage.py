"""``[storage]``: where files are kept."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr
from pydantic_core import PydanticCustomError

from inkcre.settings.sections.base import (
    SOUND,
    BindingName,
    HttpAddress,
    LocalPath,
    SecretText,
    Section,
)


class FilesystemSettings(Section):
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


class S3Settings(Section):
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


class R2Settings(Section):
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
