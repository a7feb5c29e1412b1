"""The sample's routes."""

from typing import Annotated

from fastapi import Path
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel

from inkcre.framework import Database, Router, Settings, documented
from tests.testing.sample.settings import SampleSettings
from tests.testing.sample.tables import ADD, SELECT_NOTES, Note

router = Router(prefix="/sample")


class Described(BaseModel):
    """A model that a route reads by itself."""

    word: str


@router.post("/notes", status_code=201, responses=documented(Note, 201))
def add_note(form: Described, database: Database) -> Note:
    """Add a note."""
    [rows] = database.atomic([ADD(word=form.word)])
    note = ADD.first(rows)
    assert note
    return note


@router.get("/notes", responses=documented(list[Note]))
def list_notes(database: Database) -> list[Note]:
    """List the notes."""
    return SELECT_NOTES.read(database)


@router.delete("/notes/{note_id}", status_code=204, responses=documented(None, 204, 404))
def forget_note(note_id: Annotated[int, Path(ge=1, lt=2**63)]) -> None:
    """Forget a note."""


@router.get(
    "/word",
    response_class=PlainTextResponse,
    responses={k: v for k, v in documented(None).items() if k != 200},
)
def say(settings: Settings[SampleSettings]) -> PlainTextResponse:
    """Say the word."""
    return PlainTextResponse(settings.word)
