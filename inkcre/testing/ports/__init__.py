"""What every adapter of a port has to do, as tests: for ours, and for those of others.

Derive from a contract and give it the adapter; pytest does the rest::

    class TestMyStorage(StorageContract):
        @pytest.fixture
        def storage(self, tmp_path):
            return MyStorage(tmp_path)

Every test keeps to a folder, or a prefix, of its own, so that the place behind an adapter may be
shared and need not be empty. Needs ``inkcre[testing]``.
"""

from inkcre.testing.ports.keyvalue import KeyValueContract
from inkcre.testing.ports.storage import StorageContract

__all__ = ["KeyValueContract", "StorageContract"]
