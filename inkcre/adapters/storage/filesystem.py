"""A folder of this machine."""

from typing import ClassVar

from obstore.store import LocalStore

from inkcre.adapters.storage.shared import ObstoreStorage, translated
from inkcre.ports.storage import StorageCapabilities
from inkcre.settings.sections.storage import FilesystemSettings


class FilesystemStorage(ObstoreStorage):
    """Files below a folder, which is made when it is first used."""

    capabilities: ClassVar[StorageCapabilities] = StorageCapabilities(is_shared=False)

    def __init__(self, settings: FilesystemSettings) -> None:
        with translated("storage.path"):
            super().__init__(LocalStore(prefix=settings.path, mkdir=True), "storage.path")
