"""Random histories of a base: by hand, over sources that collect, and over those that are sent to."""

import shutil
from contextlib import suppress
from pathlib import Path

from hypothesis import strategies as st

from inkcre.context import Components
from inkcre.errors import Conflict, Invalid, NotFound
from inkcre.graph.blocks import create_block, delete_block, edit_block
from inkcre.graph.files.files import add_file
from inkcre.graph.forms import BlockEdit, BlockForm, RelationForm, parse_star
from inkcre.graph.relations import create_relation, delete_relation
from inkcre.jobs.schedules import ScheduleForm
from inkcre.sources import edits
from inkcre.sources.base import Item
from inkcre.sources.forms import SourceEdit, SourceForm
from inkcre.sources.items.items import delete_items
from inkcre.sources.on_demand import collect_now
from inkcre.sources.removals import delete_source
from tests.on_base import add_items, create_source, source_types
from tests.transfer.canonical import read_table

WORDS = ("ink", "core", "graph", "note", "é", "line\u2028end")
KEYS = ("a", "b", "c/d", "e")
SECRET = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

ACTS = (
    "give", "relate", "edit", "delete_block", "delete_relation", "write_note", "write_note",
    "remove_note", "empty", "collect", "collect", "restore", "send", "send", "send_by_id",
    "take_back", "file", "schedule", "edit_source", "new_source", "remove_source",
)  # fmt: skip

Step = tuple[str, int, int, int]

STEPS: st.SearchStrategy[list[Step]] = st.lists(
    st.tuples(st.sampled_from(ACTS), *[st.integers(0, 29)] * 3), min_size=10, max_size=30
)
BEGINNING = [
    *(("write_note", number, number, number + 1) for number in range(4)),
    ("collect", 0, 0, 0),
    *(("send", number, number, number) for number in range(3)),
    ("send_by_id", 3, 0, 1),
    ("file", 1, 1, 0),
    ("give", 0, 1, 0),
]
"""What each history begins with, so that there is something of each kind to act upon."""


class History:
    """A base, a folder that it collects, and what becomes of both."""

    def __init__(self, base: Components, folder: Path) -> None:
        self.base, self.folder = base, folder
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        self.notes = create_source(
            base, SourceForm(type="folder", config={"path": str(folder)}, nickname="notes")
        ).id
        self.inbox = create_source(base, SourceForm(type="inbox")).id
        self.play(BEGINNING)

    def play(self, steps: list[Step]) -> None:
        """Do what the steps say, as far as it can be done."""
        for act, *numbers in steps:
            with suppress(Conflict, NotFound, Invalid):  # a twin, or nothing of the kind is there
                getattr(self, act)(*numbers)

    def _block(self, number: int) -> int:
        return self._pick("blocks", number)

    def _pick(self, table: str, number: int) -> int:
        rows = read_table(self.base, table)
        if not rows:
            raise NotFound("nothing is there")
        return int(rows[number % len(rows)]["id"])

    def give(self, word: int, other: int, _: int) -> None:
        form = BlockForm(resolver="text", content=WORDS[word % 6] + " given" * (other % 2))
        create_block(self.base.database, form, self.base.clock())

    def relate(self, one: int, other: int, says: int) -> None:
        ends = self._block(one), self._block(other)
        form = RelationForm(
            from_=ends[0], to_=ends[1], content=("tag", "about", "links to")[says % 3]
        )
        create_relation(self.base.database, form, self.base.clock())

    def edit(self, block: int, word: int, _: int) -> None:
        edit = BlockEdit(content=f"{WORDS[word % 6]} edited")
        edit_block(self.base.database, self._block(block), edit, self.base.clock())

    def delete_block(self, block: int, *_: int) -> None:
        delete_block(self.base.database, self._block(block))

    def delete_relation(self, relation: int, *_: int) -> None:
        delete_relation(self.base.database, self._pick("relations", relation))

    def write_note(self, key: int, word: int, other: int) -> None:
        path = self.folder / f"{KEYS[key % 4]}.md"
        path.parent.mkdir(exist_ok=True)
        link = f"[[{KEYS[other % 4].rpartition('/')[2]}]]"
        path.write_text(f"{WORDS[word % 6]} #{WORDS[other % 3]} {link} {word % 2}")

    def remove_note(self, key: int, *_: int) -> None:
        (self.folder / f"{KEYS[key % 4]}.md").unlink(missing_ok=True)

    def empty(self, *_: int) -> None:
        for path in self.folder.rglob("*.md"):
            path.unlink()

    def collect(self, *_: int) -> None:
        collect_now(self.base, self.notes, full=False)

    def restore(self, *_: int) -> None:
        collect_now(self.base, self.notes, full=False, restore=True)

    def send(self, key: int, word: int, other: int) -> None:
        around = {"block": {"resolver": "text", "content": WORDS[other % 6]}}
        deeper = {
            **around,
            "out_relations": [
                {
                    "relation": {"content": "of"},
                    "to_block": {"block": {"resolver": "text", "content": "deep"}},
                }
            ],
        }
        star: dict[str, object] = {
            "block": {"resolver": "text", "content": f"{WORDS[word % 6]} sent"},
            "out_relations": [{"relation": {"content": "by"}, "to_block": deeper if other % 2 else around}],
            "in_relations": [{"relation": {"content": "in"}, "from_block": around}] * (word % 2),
        }  # fmt: skip
        self._send(key, star, stamp=str(other) if other % 3 else None)

    def send_by_id(self, key: int, block: int, other: int) -> None:
        arcs = [
            {"relation": {"content": "near"}, "to_block": {"block": {"id": self._block(other + n)}}}
            for n in range(1 + other % 3)
        ]
        own = {"resolver": "text", "content": f"by id {key % 4}"}
        centre = {"id": self._block(block)} if key % 2 else own
        self._send(key, {"block": centre, "out_relations": arcs})

    def _send(self, key: int, star: dict[str, object], stamp: str | None = None) -> None:
        links = (("links to", KEYS[(key + 1) % 4]),) * (key % 2)
        item = Item(KEYS[key % 4], parse_star(star), stamp, links)
        add_items(self.base, self.inbox, [item])

    def take_back(self, key: int, *_: int) -> None:
        database = self.base.database
        delete_items(database, self.inbox, [KEYS[key % 4]], write=database.atomic)

    def file(self, content: int, name: int, _: int) -> None:
        base, size = self.base, 800_000 * (content % 4 == 3)
        said = (b"\x89PNG\r\n\x1a\n" * (content % 2)) + str(content).encode() + bytes(size)
        add_file(
            base.database, base.storage, [said], name=f"{name}.bin" if name % 3 else None,
            now=base.clock(), tenure=base.tenure,
        )  # fmt: skip

    def schedule(self, source: int, pace: int, _: int) -> None:
        forms = (
            None, ScheduleForm(every="15m"), ScheduleForm(cron="0 7 * * 1-5", timezone="Europe/Berlin")
        )  # fmt: skip
        self._edit(source, SourceEdit(schedule=forms[pace % 3]))

    def edit_source(self, source: int, word: int, _: int) -> None:
        self._edit(source, SourceEdit(nickname=WORDS[word % 6]))

    def _edit(self, source: int, form: SourceEdit) -> None:
        edits.edit_source(
            self.base.database, source_types(self.base), self._pick("sources", source), form,
            clock=self.base.clock, timezone=self.base.zone,
        )  # fmt: skip

    def new_source(self, kind: int, word: int, _: int) -> None:
        forms = (
            {"type": "rss", "config": {"url": f"http://{word}.example/feed"}, "schedule": {"every": "1h"}},
            {"type": "inbox", "nickname": WORDS[word % 6], "config": {"secret": SECRET}},
            {"type": "webpage", "config": {"url": f"http://{word}.example/"},
             "collect_at": {"day_of_week": 0, "hour": 7}},
        )  # fmt: skip
        create_source(self.base, SourceForm.model_validate(forms[kind % 3]))

    def remove_source(self, source: int, forget: int, _: int) -> None:
        chosen = self._pick("sources", source)
        if chosen not in (self.notes, self.inbox):
            delete_source(self.base.database, chosen, forget=bool(forget % 2))
