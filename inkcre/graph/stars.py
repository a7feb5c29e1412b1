"""Stars as sources make them, out of text that comes from anywhere."""

from collections.abc import Iterable

from inkcre.graph.forms import NodeForm, Star
from inkcre.sql.text import clean
from inkcre.sql.values import MAX_RELATION_LENGTH

Arc = tuple[str, "NodeForm | Star"]
"""What a relation says, and what is at its other end."""


def block(resolver: str, content: str, storage: str | None = None) -> NodeForm:
    """Make a block of a star."""
    return NodeForm(resolver=resolver, storage=storage, content=clean(content))


def text(content: str) -> NodeForm:
    """Make a block of text."""
    return block("text", content)


def page(url: str) -> NodeForm:
    """Make a block of a web page, which stays where it is."""
    return block("webpage", url, "url")


def star(centre: NodeForm, out: Iterable[Arc] = (), into: Iterable[Arc] = ()) -> Star:
    """Make a star of a block and its arcs; of two that say the same, one stays."""
    return Star.model_validate(
        {
            "block": centre,
            "out_relations": [_arc(says, "to_block", end) for says, end in _once(out)],
            "in_relations": [_arc(says, "from_block", end) for says, end in _once(into)],
        }
    )


def _once(arcs: Iterable[Arc]) -> list[Arc]:
    # A list, for models have no hash.
    kept: list[Arc] = []
    for arc in arcs:
        if arc not in kept:
            kept.append(arc)
    return kept


def _arc(says: str, key: str, end: NodeForm | Star) -> dict[str, object]:
    other = end if isinstance(end, Star) else Star(block=end)
    return {"relation": {"content": clean(says)[:MAX_RELATION_LENGTH]}, key: other}
