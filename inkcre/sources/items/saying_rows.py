"""Rows of what items say: the statements that read and write ``sayings``."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Text,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    literal,
    null,
    or_,
    select,
)

from inkcre.graph.change_log import entries_of, log_former
from inkcre.graph.made_rows import marked
from inkcre.graph.tables import blocks, relations, sayings, source_items
from inkcre.ports.database import Database, Statement
from inkcre.sources.items.changes import LinkRow
from inkcre.sources.items.revisions import Link, number_said, read_arcs
from inkcre.sql.constructs import (
    ON_CONFLICT_DO_NOTHING,
    Expression,
    RowSource,
    among,
    json_rows,
    timestamp,
)
from inkcre.sql.parameters import calls_over, read_over
from inkcre.sql.rows import Query, Values

_now = timestamp(bindparam("now", type_=Text))

_asked = json_rows("asked", id=BigInteger())


@dataclass(frozen=True)
class _Saying:
    item_id: int
    place: int
    relation_id: int | None


SELECT_SAID = Query(
    select(sayings.c.item_id, sayings.c.place, sayings.c.relation_id).select_from(
        _asked.join(sayings, sayings.c.item_id == _asked.c.id)
    ),
    _Saying,
)
"""Read which relations some items say."""

_other = source_items.alias("other_item")
_star = relations.alias("star_relation")
_other_saying = sayings.alias("other_saying")


def is_said_by_others(block_id: Expression, item_id: Expression) -> ColumnElement[bool]:
    """Tell whether an item says a block, as its own or around it, beside one that has it."""

    def is_around(end: Expression) -> ColumnElement[bool]:
        return exists().where(
            end == block_id,
            _other_saying.c.relation_id == _star.c.id,
            _other_saying.c.item_id != item_id,
            _other_saying.c.is_link == 0,
        )

    is_anothers = exists().where(
        _other.c.block_id == block_id, _other.c.id != item_id, _other.c.digest != ""
    )
    return or_(is_anothers, is_around(_star.c.from_), is_around(_star.c.to_))


SELECT_SHARED = Values(
    select(source_items.c.id)
    .select_from(_asked.join(source_items, source_items.c.id == _asked.c.id))
    .where(is_said_by_others(source_items.c.block_id, source_items.c.id)),
    int,
)
"""Read which of some items have blocks that others say too."""

UNSAY = Statement(delete(sayings).where(sayings.c.item_id.in_(select(_asked.c.id))))
"""Let items say nothing, for the moment."""

_said = json_rows(
    "said", source=BigInteger(), key=Text(), place=BigInteger(), relation_id=BigInteger(),
    from_id=BigInteger(), from_digest=Text(), to_id=BigInteger(), to_digest=Text(),
    content=Text(), is_link=BigInteger(), is_withheld=BigInteger(),
)  # fmt: skip
_from = blocks.alias("from_block")
_to = blocks.alias("to_block")
_same = relations.alias("same")
_found = func.coalesce(
    _said.c.relation_id,
    select(_same.c.id)
    .where(
        _same.c.from_ == func.coalesce(_said.c.from_id, _from.c.id),
        _same.c.to_ == func.coalesce(_said.c.to_id, _to.c.id),
        _same.c.content == _said.c.content,
    )
    .correlate(_said, _from, _to)
    .scalar_subquery(),
)
SAY = Statement(
    insert(sayings).from_select(
        ["item_id", "place", "relation_id", "is_link"],
        select(
            source_items.c.id,
            # Breaks NOT NULL, and so the batch, if somebody has deleted the relation meanwhile.
            case((or_(_said.c.is_withheld == 1, _found.is_not(None)), _said.c.place), else_=null()),
            _found,
            func.coalesce(_said.c.is_link, 0),
        )
        .select_from(
            _said.join(
                source_items,
                and_(source_items.c.source_id == _said.c.source, source_items.c.key == _said.c.key),
            )
            .outerjoin(_from, _from.c.digest == _said.c.from_digest)
            .outerjoin(_to, _to.c.digest == _said.c.to_digest)
        )
        .where(source_items.c.digest != "")
        .suffix_with(
            "ON CONFLICT (item_id, place) DO UPDATE SET relation_id = excluded.relation_id,"
            " is_link = excluded.is_link"
        ),
    )
)
"""Write down what items say, behind the rows of the relations and of the items."""

_NO, _YES = literal(0, Integer), literal(1, Integer)
# The source twice: of one that both ends are compared with, PostgreSQL infers that the ends are of
# one source, and joins each item of it with each other before it looks at any link: 4,000 notes
# took it two minutes.
_links = json_rows(
    "links", source=BigInteger(), from_key=Text(), to_source=BigInteger(), to_key=Text(),
    content=Text(), place=BigInteger(),
)  # fmt: skip
_from_item = source_items.alias("from_item")
_to_item = source_items.alias("to_item")


def _is_item(item: RowSource, source: Expression, key: Expression) -> ColumnElement[bool]:
    return and_(item.c.source_id == source, item.c.key == key)


_ends = _links.join(_from_item, _is_item(_from_item, _links.c.source, _links.c.from_key)).join(
    _to_item, _is_item(_to_item, _links.c.to_source, _links.c.to_key)
)
_is_new = and_(
    _from_item.c.block_id.is_not(None),
    _to_item.c.block_id.is_not(None),
    _to_item.c.digest != "",
    ~exists().where(sayings.c.item_id == _from_item.c.id, sayings.c.place == _links.c.place),
)
LINK_ITEMS = Statement(
    insert(relations).from_select(
        ["created_at", "updated_at", "from_", "to_", "content", "is_given"],
        select(
            _now,
            _now,
            _from_item.c.block_id,
            _to_item.c.block_id,
            _links.c.content,
            _NO,
        )
        .select_from(_ends)
        .where(_is_new, marked(relations))
        .suffix_with(ON_CONFLICT_DO_NOTHING),
    )
)
"""Relate items of a source to each other, as far as both have blocks and it was not done before."""

_linking = relations.alias("linking")
SAY_LINKS = Statement(
    insert(sayings).from_select(
        ["item_id", "place", "relation_id", "is_link"],
        select(_from_item.c.id, _links.c.place, _linking.c.id, _YES)
        .select_from(
            _ends.join(
                _linking,
                and_(
                    _linking.c.from_ == _from_item.c.block_id,
                    _linking.c.to_ == _to_item.c.block_id,
                    _linking.c.content == _links.c.content,
                ),
            )
        )
        .where(_is_new)
        .suffix_with(ON_CONFLICT_DO_NOTHING),
    )
)
"""Write down that items say so, behind ``LINK_ITEMS``."""


@dataclass(frozen=True)
class _NewLink:
    from_key: str
    to_key: str
    content: str
    place: int


SELECT_UNLINKED = Query(
    select(_links.c.from_key, _links.c.to_key, _links.c.content, _links.c.place)
    .select_from(_ends)
    .where(_is_new),
    _NewLink,
)
"""Read which of some links are not made, and could be."""


@dataclass(frozen=True)
class _Sayer:
    source_id: int
    key: str
    arcs: str


_keys = json_rows("keys", source=BigInteger(), key=Text())
_leading = relations.alias("leading")
SELECT_SAYERS = Query(
    select(_from_item.c.source_id, _from_item.c.key, _from_item.c.arcs)
    .select_from(
        _keys.join(_to_item, _is_item(_to_item, _keys.c.source, _keys.c.key))
        .join(_leading, _leading.c.to_ == _to_item.c.block_id)
        .join(sayings, and_(sayings.c.relation_id == _leading.c.id, sayings.c.is_link == 1))
        .join(_from_item, _from_item.c.id == sayings.c.item_id)
    )
    .where(_from_item.c.digest != "")
    .distinct(),
    _Sayer,
)
"""Read the items that link to the blocks of some, with all that they say."""

_left = json_rows("left", id=BigInteger())
_led = relations.alias("led")
_leads_there = among(_led.c.to_, select(_left.c.id))
_is_link = exists().where(sayings.c.relation_id == _led.c.id, sayings.c.is_link == 1)
_is_of_star = exists().where(sayings.c.relation_id == _led.c.id, sayings.c.is_link == 0)
_nobodys = ~exists().where(_to_item.c.block_id == _led.c.to_, _to_item.c.digest != "")
_led_astray = select(_led).where(
    _leads_there, _led.c.is_given == 0, _nobodys, _is_link, ~_is_of_star
)
LOG_ASTRAY = log_former("deleted", lambda: [entries_of(_led_astray.subquery("gone"), relations)])
"""Write down the relations that ``DELETE_ASTRAY`` deletes."""

DELETE_ASTRAY = Statement(
    delete(relations).where(relations.c.id.in_(_led_astray.with_only_columns(_led.c.id)))
)
"""Delete links to blocks that no item has any more: they lead to where the item is now."""

UNSAY_ASTRAY = Statement(
    delete(sayings).where(
        sayings.c.is_link == 1,
        sayings.c.relation_id.in_(select(_led.c.id).where(_leads_there, _nobodys)),
    )
)
"""The same of links that somebody has given too, which stay."""


def read_said(database: Database, item_ids: Iterable[int]) -> dict[int, dict[int, int | None]]:
    """Return the relations that items say: by the item's id, and their places."""
    said: dict[int, dict[int, int | None]] = {}
    rows = ({"id": id_} for id_ in item_ids)
    for saying in read_over(SELECT_SAID, "asked", rows, database):
        said.setdefault(saying.item_id, {})[saying.place] = saying.relation_id
    return said


def read_sayers(database: Database, source_id: int, keys: Iterable[str]) -> dict[str, set[str]]:
    """Return the keys of the items of a source that link to some others, by the others' keys."""
    found: dict[str, set[str]] = {}
    rows = ({"source": source_id, "key": key} for key in keys)
    for sayer in read_over(SELECT_SAYERS, "keys", rows, database):
        if sayer.source_id != source_id:
            continue  # asked here: by it in the statement PostgreSQL would join all with all
        # By what it says, and not by the block that it leads to: two items may share one.
        for said in number_said(read_arcs(sayer.arcs)):
            if isinstance(said, Link):
                found.setdefault(said.to_key, set()).add(sayer.key)
    return found


def read_shared(database: Database, item_ids: Iterable[int]) -> set[int]:
    """Return the ids of those items whose blocks others say too."""
    rows = ({"id": id_} for id_ in item_ids)
    calls = calls_over(SELECT_SHARED, "asked", rows, database)
    return {id_ for call in calls for id_ in SELECT_SHARED.values(database.read(call))}


def links_of(source_id: int, links: Iterable[LinkRow]) -> Iterator[Mapping[str, object]]:
    """Yield links as the statements read them."""
    return ({"source": source_id, "to_source": source_id, **link} for link in links)


def read_unlinked(database: Database, source_id: int, links: Iterable[LinkRow]) -> list[LinkRow]:
    """Return those of some links that are not made, and could be."""
    found = read_over(SELECT_UNLINKED, "links", links_of(source_id, links), database)
    return [
        {"from_key": f.from_key, "to_key": f.to_key, "content": f.content, "place": f.place}
        for f in found
    ]
