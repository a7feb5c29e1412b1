"""This process's memory, for tests."""

from typing import ClassVar

from obstore.store import MemoryStore

from inkcre.adapters.storage.shared import MAX_CONDITIONAL_BYTES, ObstoreStorage
from inkcre.ports.storage import StorageCapabilities
from inkcre.sections.storage import MemoryStorageSettings


class MemoryStorage(ObstoreStorage):
    """Files that are gone with this object."""

    capabilities: ClassVar[StorageCapabilities] = StorageCapabilities(
        is_shared=False,
        keeps_content_type=True,
        max_conditional_bytes=MAX_CONDITIONAL_BYTES,
        outlives_process=False,
    )

    def __init__(self, _: MemoryStorageSettings) -> None:
        store = MemoryStore()
        super().__init__(lambda: store, "storage")
