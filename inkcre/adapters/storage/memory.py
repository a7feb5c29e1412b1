"""This process's memory, for tests."""

from typing import ClassVar

from obstore.store import MemoryStore

from inkcre.adapters.storage.shared import ObstoreStorage
from inkcre.ports.storage import StorageCapabilities
from inkcre.settings.sections.storage import MemoryStorageSettings


class MemoryStorage(ObstoreStorage):
    """Files that are gone with this object."""

    capabilities: ClassVar[StorageCapabilities] = StorageCapabilities(is_shared=False)

    def __init__(self, _: MemoryStorageSettings) -> None:
        super().__init__(MemoryStore(), "storage")
