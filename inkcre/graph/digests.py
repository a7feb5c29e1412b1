"""A block's identity."""

import hashlib


def block_digest(resolver: str, storage: str | None, content: str) -> str:
    """Return the SHA-256 of resolver, storage and content, as 64 hexadecimal digits.

    The three are joined by NUL, which none of them can hold; an inline block's storage is empty,
    which no storage's name can be. PostgreSQL computes the same with ``sha256(…::bytea)``.
    """
    return hashlib.sha256(f"{resolver}\x00{storage or ''}\x00{content}".encode()).hexdigest()
