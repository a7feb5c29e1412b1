"""The README's main flow, by a client that is made of the API's description."""

import json
import sys
from io import BytesIO
from pathlib import Path

from base_client import Client
from base_client.api.blocks import get_block, list_blocks, walk_graph
from base_client.api.files import add_file, read_content
from base_client.api.graph import put_graph
from base_client.api.health import metrics
from base_client.api.relations import list_relations
from base_client.api.sources import add_items, create_source
from base_client.models import (
    ArcContent,
    BlockOut,
    BlockPage,
    Direction,
    ItemForm,
    ItemsForm,
    NodeForm,
    OutArc,
    Problem,
    SourceForm,
    SourceOut,
    Star,
    WalkedGraph,
    WrittenGraph,
    WrittenItems,
)
from base_client.types import File

client = Client(base_url=sys.argv[1])
page_of_others = NodeForm(resolver="webpage", storage="url", content="https://example.org/")
note = Star(
    block=NodeForm(resolver="text", content="a note"),
    out_relations=[
        OutArc(relation=ArcContent(content="about"), to_block=Star(block=page_of_others))
    ],
)

written = put_graph.sync(client=client, body=note)
again = put_graph.sync(client=client, body=note)
assert isinstance(written, WrittenGraph)
assert isinstance(again, WrittenGraph)
first = written.blocks[0].id

page = list_blocks.sync(client=client, resolver="webpage", limit=1)
assert isinstance(page, BlockPage)
cursor: str | None = page.next_cursor
arcs = list_relations.sync(first, client=client, direction=Direction.OUT)
assert isinstance(arcs, list)
walked = walk_graph.sync(first, client=client, depth=2, limit=20)
assert isinstance(walked, WalkedGraph)

here = Path(__file__).read_bytes()
file = add_file.sync(client=client, body=File(payload=BytesIO(here)), name="flow.py")
assert isinstance(file, BlockOut)
content = read_content.sync(file.id, client=client)
assert isinstance(content, File)

source = create_source.sync(client=client, body=SourceForm(type_="inbox"))
assert isinstance(source, SourceOut)
items = add_items.sync(source.id, client=client, body=ItemsForm([ItemForm(key="one", star=note)]))
assert isinstance(items, WrittenItems)
told = metrics.sync(client=client)
assert isinstance(told, str)
missing = get_block.sync(999999, client=client)
assert isinstance(missing, Problem)

print(
    json.dumps(
        {
            "created": [len(written.created.blocks), len(again.created.blocks)],
            "page": [len(page.blocks), cursor],
            "arcs": [arc.content for arc in arcs],
            "walked": [len(walked.blocks), walked.truncated],
            "kept": content.payload.read() == here,
            "items": items.unchanged + items.added,
            "metrics": "inkcre_" in told,
            "missing": [missing.status, missing.detail],
        }
    )
)
