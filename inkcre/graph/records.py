"""What a block is to those who read it, and the columns that it is read from."""

from collections.abc import Callable
from dataclasses import dataclass

from inkcre.errors import PreconditionFailed
from inkcre.graph.digests import block_digest
from inkcre.graph.tables import blocks
from inkcre.sql.constructs import as_rfc3339


class _Digested:
    """Remembers a record's digest beside its fields, which are what is shown of it."""

    __slots__ = ("_digest",)
    _digest: str


@dataclass(frozen=True)
class Block(_Digested):
    """A block as it is kept."""

    id: int
    created_at: str
    """RFC 3339, UTC; so is ``updated_at``."""

    updated_at: str
    storage: str | None
    """Where the content really is; None: inline."""

    resolver: str
    content: str

    def digest(self) -> str:
        """Return what makes it the block that it is. It is hashed once: contents are long."""
        try:
            return self._digest
        except AttributeError:
            return self.known_as(block_digest(self.resolver, self.storage, self.content))

    def known_as(self, digest: str) -> str:
        """Take its digest from somebody who has it already, and return it."""
        object.__setattr__(self, "_digest", digest)
        return digest

    def tag(self) -> str:
        """Return its entity tag (RFC 9110, section 8.8.3), quoted: another for each state of it.

        It is made of what edits compare. The same text at another time is another state.
        """
        return f'"{self.digest()[:32]}-{self.updated_at}"'


@dataclass(frozen=True)
class KeptBlock(Block):
    """A block's row, with the digest that is kept of it."""

    kept_digest: str

    def block(self) -> Block:
        """Return the block, which knows its digest."""
        block = object.__new__(Block)  # past __init__, as rows are made: each read of a block pays
        shown = block.__dict__
        shown.update(vars(self))
        block.known_as(shown.pop("kept_digest"))
        return block


def unless_changed(seen: Block) -> Callable[[Block], None]:
    """Return what raises ``PreconditionFailed`` unless a block is still what was seen of it.

    For whoever looks first and changes later: the ``expected`` of what edits and deletes.
    """

    def expect(block: Block) -> None:
        if block != seen:
            raise PreconditionFailed(
                f"block {seen.id}: somebody has changed it meanwhile; nothing was written",
                hint="look at it again, and run the command again if it is still meant",
            )

    return expect


BLOCK_COLUMNS = (
    blocks.c.id,
    as_rfc3339(blocks.c.created_at).label("created_at"),
    as_rfc3339(blocks.c.updated_at).label("updated_at"),
    blocks.c.storage,
    blocks.c.resolver,
    blocks.c.content,
)
