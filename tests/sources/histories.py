"""Random histories of a base, and a model that only knows the rule: who has said what.

A thing goes when the last one who said it has taken it back, or a person deletes it; and something
that was given keeps what it hangs on.
"""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from sqlalchemy import select

from inkcre.context import Components
from inkcre.errors import Conflict
from inkcre.graph.blocks import create_block, delete_block, edit_block
from inkcre.graph.forms import BlockEdit, BlockForm, RelationForm
from inkcre.graph.relations import create_relation, delete_relation
from inkcre.graph.stars import star, text
from inkcre.graph.tables import blocks, relations
from inkcre.sources.base import Item
from inkcre.sources.items.changes import NEVER, Return, link_row
from inkcre.sources.items.item_rows import read_stamps
from inkcre.sources.items.items import delete_items, write_items
from inkcre.sources.items.revisions import Link, number_links
from inkcre.sources.items.saying_rows import read_unlinked
from inkcre.sources.items.writes import link_calls
from inkcre.sql.rows import Query

Arc = tuple[str, str]
"""What is said, and of what: the text of a block around, or "@" and the key of another item."""

LINK = "links to"


@dataclass(frozen=True)
class Note:
    """What an item says."""

    text: str
    arcs: frozenset[Arc] = frozenset()

    def item(self, key: str) -> Item:
        """Return it as a source does."""
        around = sorted(arc for arc in self.arcs if arc[0] != LINK)
        links = tuple(arc for arc in self.arcs if arc[0] == LINK)
        return Item(key, star(text(self.text), [(s, text(o)) for s, o in around]), links=links)


@dataclass(eq=False)
class Block:
    """A block of the model."""

    text: str
    given: bool


@dataclass(eq=False)
class Relation:
    """A relation of the model."""

    from_: Block
    to: Block
    says: str
    given: bool


@dataclass
class Kept:
    """What the model knows of an item: its note, its block, and its relations; None: deleted."""

    note: Note | None
    block: Block | None
    written: str | None = None
    """What the block was when the item was written last."""

    said: dict[Arc, Relation | None] = field(default_factory=dict)


class Model:
    """The rule."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self.relations: list[Relation] = []
        self.items: dict[str, Kept] = {}
        self.log: list[tuple[str, Block, list[Relation]]] = []

    def find(self, content: str) -> Block | None:
        return next((b for b in self.blocks if b.text == content), None)

    def block(self, content: str, *, given: bool) -> Block:
        found = self.find(content)
        if found is None:
            self.blocks.append(found := Block(content, given))
        found.given |= given
        return found

    def relate(self, from_: Block, to: Block, says: str, *, given: bool) -> Relation:
        for found in self.relations:
            if (found.from_, found.to, found.says) == (from_, to, says):
                found.given |= given
                return found
        self.relations.append(made := Relation(from_, to, says, given))
        return made

    def touching(self, block: Block) -> list[Relation]:
        return [r for r in self.relations if block is r.from_ or block is r.to]

    def sayers(self, relation: Relation, *, links: bool = True) -> set[str]:
        return {
            key
            for key, kept in self.items.items()
            for arc, said in kept.said.items()
            if said is relation and (links or arc[0] != LINK)
        }

    def edit(self, block: Block, content: str) -> None:
        block.text, block.given = content, True
        for kept in self.items.values():
            if kept.block is block:
                for said in kept.said.values():
                    if said:
                        said.given = True

    def remove_relation(self, relation: Relation, *, by_hand: bool) -> None:
        self.relations = [r for r in self.relations if r is not relation]
        for kept in self.items.values():
            for arc in [arc for arc, said in kept.said.items() if said is relation]:
                if by_hand:
                    kept.said[arc] = None
                else:
                    del kept.said[arc]

    def remove_block(self, block: Block, *, by_hand: bool) -> None:
        self.log.append((block.text, block, [r for r in self.touching(block) if r.given]))
        for relation in self.touching(block):
            self.remove_relation(relation, by_hand=by_hand)
        self.blocks = [b for b in self.blocks if b is not block]
        silent = []
        for key, kept in self.items.items():
            if kept.block is block:
                kept.block = None
                if not by_hand and kept.note is None:
                    silent.append(key)
        for key in silent:
            del self.items[key]

    def recall(self, content: str, returned: Block) -> None:
        """Give back what was given to a block, when one that said the same was deleted last."""
        for said, block, given in reversed(self.log):
            if said == content:
                for relation in given:
                    ends = [returned if e is block else e for e in (relation.from_, relation.to)]
                    if all(end in self.blocks for end in ends):
                        self.relate(ends[0], ends[1], relation.says, given=True)
                return

    def revise(self, key: str, note: Note, *, restores: bool) -> None:
        kept = self.items.get(key)
        if kept is None:
            kept = self.items[key] = Kept(None, None)
        elif kept.block is None:
            if not restores:
                return
            kept.said = {}
        elif kept.note == note and not (restores and None in kept.said.values()):
            return
        former, said = kept.block, dict(kept.said)
        around = self.around(kept)
        stays = former and (kept.note == note or self.follows(key, former, note.text))
        centre = former if former and stays else self.block(note.text, given=False)
        stays, kept.block = centre is former, centre
        kept.said = {
            arc: said[arc]
            for arc in note.arcs & said.keys()
            if (said[arc] is None and not restores) or (said[arc] is not None and stays)
        }
        for arc in note.arcs - kept.said.keys():
            if arc[0] != LINK:
                end = self.block(arc[1], given=False)
                kept.said[arc] = self.relate(centre, end, arc[0], given=False)
        if former is None and kept.written is not None:
            self.recall(kept.written, centre)
        kept.note, kept.written = note, note.text
        self.leave(former if not stays else None, said.values(), around)

    def follows(self, key: str, block: Block, content: str) -> bool:
        """Let an item's block become what the item is now, if it is the item's alone."""
        if block.text == content:
            return True
        others = [
            k for k, other in self.items.items() if k != key and other.block is block and other.note
        ]
        around = any(self.sayers(r, links=False) - {key} for r in self.touching(block))
        if block.given or others or around or self.find(content):
            return False
        block.text = content
        return True

    def around(self, kept: Kept) -> list[str]:
        return [arc[1] for arc in kept.note.arcs if arc[0] != LINK] if kept.note else []

    def vanish(self, key: str) -> None:
        kept = self.items[key]
        said, around = list(kept.said.values()), self.around(kept)
        kept.note, kept.said = None, {}
        self.leave(kept.block, said, around)
        if kept.block is None or kept.block.given:
            self.items.pop(key, None)

    def leave(
        self, left: Block | None, said: Iterable[Relation | None], around: Iterable[str]
    ) -> None:
        """Let go what has no sayer left, of what an item does not say any more."""
        if left and not any(kept.block is left and kept.note for kept in self.items.values()):
            self.lead_away(left)
        for relation in said:
            is_there = relation in self.relations
            if relation and is_there and not relation.given and not self.sayers(relation):
                self.remove_relation(relation, by_hand=False)
        for block in [left, *map(self.find, around)]:
            if (
                block is not None
                and block in self.blocks
                and not self.stays(block, is_left=block is left)
            ):
                self.remove_block(block, by_hand=False)

    def lead_away(self, block: Block) -> None:
        """Take back links to the block of an item that has another now, or is gone."""
        for relation in self.touching(block):
            if relation.to is not block or self.sayers(relation, links=False):
                continue
            if relation.given:
                for kept in self.items.values():
                    kept.said = {a: s for a, s in kept.said.items() if s is not relation}
            elif self.sayers(relation):
                self.remove_relation(relation, by_hand=False)

    def stays(self, block: Block, *, is_left: bool) -> bool:
        """Tell whether somebody says a block, or something that is given hangs on it."""
        of_items = [kept for kept in self.items.values() if kept.block is block]
        return (
            block.given
            or any(kept.note or not is_left for kept in of_items)
            or any(
                not is_left or relation.given or self.sayers(relation, links=False)
                for relation in self.touching(block)
            )
        )

    def link(self, keys: Iterable[str]) -> None:
        for key in keys:
            kept = self.items[key]
            if kept.note is None or kept.block is None:
                continue
            for arc in kept.note.arcs - kept.said.keys():
                other = self.items.get(arc[1])
                if arc[0] == LINK and other and other.block and other.note:
                    kept.said[arc] = self.relate(kept.block, other.block, LINK, given=False)

    def shows(self) -> tuple[list[tuple[str, bool]], list[tuple[str, str, str, bool]]]:
        """Return what there is."""
        return sorted((b.text, b.given) for b in self.blocks), sorted(
            (r.from_.text, r.to.text, r.says, r.given) for r in self.relations
        )


@dataclass(frozen=True)
class BlockRow:
    """A block of the base."""

    id: int
    text: str
    given: bool


@dataclass(frozen=True)
class RelationRow:
    """A relation of the base."""

    id: int
    from_: str
    to: str
    says: str
    given: bool


_from, _to = blocks.alias("from_block"), blocks.alias("to_block")
ALL_BLOCKS = Query(
    select(
        blocks.c.id, blocks.c.content.label("text"), (blocks.c.is_given == 1).label("given")
    ).order_by(blocks.c.content),
    BlockRow,
)
ALL_RELATIONS = Query(
    select(
        relations.c.id,
        _from.c.content.label("from_"),
        _to.c.content.label("to"),
        relations.c.content.label("says"),
        (relations.c.is_given == 1).label("given"),
    )
    .select_from(
        relations.join(_from, _from.c.id == relations.c.from_).join(
            _to, _to.c.id == relations.c.to_
        )
    )
    .order_by(_from.c.content, _to.c.content, relations.c.content),
    RelationRow,
)


def shows(base: Components) -> tuple[list[tuple[str, bool]], list[tuple[str, str, str, bool]]]:
    """Return what there is in a base."""
    database = base.database
    return sorted((row.text, row.given) for row in ALL_BLOCKS.read(database)), sorted(
        (row.from_, row.to, row.says, row.given) for row in ALL_RELATIONS.read(database)
    )


WORDS = ("milk", "tea", "rye", "oat", "fig", "nut")
KEYS = ("1", "2", "3", "4")


class Player:
    """Plays one history on a base and on the model."""

    def __init__(self, base: Components, source_id: int, seed: int) -> None:
        self.base, self.source_id = base, source_id
        self.model, self.chance = Model(), random.Random(seed)
        self.disk: dict[str, Note] = {}
        self.told: list[str] = []

    def step(self) -> None:
        """Do something, and look that both show the same."""
        steps: list[tuple[int, Callable[[], str]]] = [
            (6, self.write_note), (2, self.remove_note), (5, self.collect), (1, self.restore),
            (2, self.give), (3, self.relate), (2, self.edit), (1, self.delete_block),
            (1, self.delete_relation), (1, self.rename_note),
        ]  # fmt: skip
        [chosen] = self.chance.choices([s for _, s in steps], [w for w, _ in steps])
        self.told.append(chosen())
        here, there = shows(self.base), self.model.shows()
        assert here == there, "\n".join([*self.told, f"{here}", f"{there}"])

    def write_note(self) -> str:
        key = self.chance.choice(KEYS)
        arcs = {("tag", w) for w in self.chance.sample(WORDS, self.chance.randrange(3))}
        arcs |= {(LINK, k) for k in self.chance.sample(KEYS, self.chance.randrange(2)) if k != key}
        said = self.chance.choice(WORDS) + " note" * self.chance.randrange(2)
        self.disk[key] = Note(said, frozenset(arcs - {("tag", said)}))
        return f"write {key}: {self.disk[key]}"

    def remove_note(self) -> str:
        key = self.chance.choice(KEYS)
        self.disk.pop(key, None)
        return f"remove {key}"

    def rename_note(self) -> str:
        one, other = self.chance.sample(KEYS, 2)
        if one in self.disk:
            self.disk[other] = self.disk.pop(one)
        return f"rename {one} to {other}"

    def collect(self, *, restores: bool = False) -> str:
        database, source_id = self.base.database, self.source_id
        for key, note in self.disk.items():
            write_items(
                database, source_id, [note.item(key)], now=self.base.clock(),
                returning=Return(always=True) if restores else NEVER,
            )  # fmt: skip
            self.model.revise(key, note, restores=restores)
            self.link([key])
        for key in [key for key, _ in read_stamps(database, source_id) if key not in self.disk]:
            delete_items(database, source_id, [key], write=database.atomic)
            self.model.vanish(key)
        self.link(self.disk)
        return f"collect {restores}"

    def restore(self) -> str:
        return self.collect(restores=True)

    def link(self, keys: Iterable[str]) -> None:
        rows = [
            link_row(key, link, place)
            for key in keys
            for link, place in number_links(
                Link(s, to) for s, to in self.disk[key].arcs if s == LINK
            ).items()
        ]
        if missing := read_unlinked(self.base.database, self.source_id, rows):
            calls = link_calls(self.base.database, self.source_id, missing, self.base.clock())
            self.base.database.atomic(calls)
        self.model.link(keys)

    def give(self) -> str:
        word = self.chance.choice(WORDS)
        form = BlockForm(resolver="text", content=word)
        create_block(self.base.database, form, self.base.clock())
        self.model.block(word, given=True)
        return f"give {word}"

    def _some_blocks(self, number: int) -> list[tuple[int, Block]]:
        rows = ALL_BLOCKS.read(self.base.database)
        chosen = self.chance.sample(rows, min(number, len(rows)))
        found = [(row.id, self.model.find(row.text)) for row in chosen]
        return [(id_, block) for id_, block in found if block]

    def relate(self) -> str:
        chosen = self._some_blocks(2)
        if len(chosen) < 2:
            return "relate nothing"
        (one, from_), (other, to) = chosen
        says = self.chance.choice(("tag", "about", LINK))
        form = RelationForm(from_=one, to_=other, content=says)
        create_relation(self.base.database, form, self.base.clock())
        self.model.relate(from_, to, says, given=True)
        return f"relate {from_.text} {says} {to.text}"

    def edit(self) -> str:
        word = self.chance.choice(WORDS)
        for id_, block in self._some_blocks(1):
            before = block.text
            try:
                edit_block(self.base.database, id_, BlockEdit(content=word), self.base.clock())
            except Conflict:
                return f"edit {before} to {word}: refused"
            self.model.edit(block, word)
            return f"edit {before} to {word}"
        return "edit nothing"

    def delete_block(self) -> str:
        for id_, block in self._some_blocks(1):
            delete_block(self.base.database, id_)
            self.model.remove_block(block, by_hand=True)
            return f"delete {block.text}"
        return "delete nothing"

    def delete_relation(self) -> str:
        rows = ALL_RELATIONS.read(self.base.database)
        if not rows:
            return "unrelate nothing"
        row = self.chance.choice(rows)
        delete_relation(self.base.database, row.id)
        for made in self.model.relations:
            if (made.from_.text, made.to.text, made.says) == (row.from_, row.to, row.says):
                self.model.remove_relation(made, by_hand=True)
                break
        return f"unrelate {row}"
