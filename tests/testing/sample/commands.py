"""What is typed."""

import typer

from inkcre.framework import Database
from tests.testing.sample.tables import SELECT_NOTES

app = typer.Typer(help="The sample's notes.")


@app.command("list")
def list_notes(database: Database) -> None:
    """List the notes."""
    for note in SELECT_NOTES.read(database):
        print(note.word)


def count(database: Database) -> None:
    """Count the notes."""
    print(len(SELECT_NOTES.read(database)))
