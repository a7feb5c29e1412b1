"""Nothing any more: small values are in the framework's line. It stays for the bases that have it.

A D1 remembers names of files, and the others their revision.
"""

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make nothing."""
