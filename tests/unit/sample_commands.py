"""The commands that the sample part brings."""

import typer

from inkcre.framework import Database, Settings
from tests.unit.sample_part import SampleSettings

commands = typer.Typer()


@commands.command("shout")
def shout() -> None:
    """Shout."""
    print("SAMPLE")


def whisper(times: int, database: Database, settings: Settings[SampleSettings]) -> None:
    """Whisper what the sample says."""
    print(settings.word * times, database.capabilities.dialect)
