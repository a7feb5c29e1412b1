"""``/graph``."""

from pydantic import ValidationError
from starlette.responses import Response

from inkcre.api.responses import WrittenGraph
from inkcre.graph import graphs, plans
from inkcre.graph.forms import FlatGraph, Star, parse_graph
from inkcre.http.bodies import RawBody, load_json
from inkcre.http.problems import respond_to_validation
from inkcre.http.responses import as_objects, documented, json_response
from inkcre.http.router import Router
from inkcre.ports.clock import Clock
from inkcre.ports.database import Database

router = Router(tags=["graph"])


GRAPH_SCHEMA = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "title": "Graph",
                    "description": "A star form (with `block`) or a flat form (with `blocks`).",
                    "anyOf": [
                        {"$ref": "#/components/schemas/Star"},
                        {"$ref": "#/components/schemas/FlatGraph"},
                    ],
                },
                "examples": {
                    "star": {
                        "value": {
                            "block": {"resolver": "text", "content": "a note"},
                            "out_relations": [
                                {
                                    "relation": {"content": "about"},
                                    "to_block": {
                                        "block": {
                                            "resolver": "webpage",
                                            "storage": "url",
                                            "content": "https://example.org/",
                                        }
                                    },
                                }
                            ],
                        }
                    },
                    "flat": {
                        "value": {
                            "blocks": [
                                {"id": -1, "resolver": "text", "content": "one"},
                                {"id": -2, "resolver": "text", "content": "two"},
                            ],
                            "relations": [{"from_": -1, "to_": -2, "content": "before"}],
                        }
                    },
                },
            }
        },
    }
}
FORM_MODELS = (Star, FlatGraph)


@router.put(
    "/graph",
    responses=documented(WrittenGraph, 200, 404),
    openapi_extra=GRAPH_SCHEMA,
    summary="Write blocks and relations at once",
)
def put_graph(body: RawBody, database: Database, clock: Clock) -> Response:
    """Write a graph whole or not at all. What exists stays as it is, so it can be sent again."""
    try:
        form = parse_graph(load_json(body))
    except ValidationError as error:
        return respond_to_validation(error.errors(include_url=False, include_input=False))
    plans.refuse_provenance(form)
    written = graphs.write_graph(database, form, clock())
    answer = {
        "blocks": as_objects(written.blocks),
        "relations": as_objects(written.relations),
        "created": written.created,
    }
    return json_response(answer | ({"ids": written.ids} if written.ids else {}))
