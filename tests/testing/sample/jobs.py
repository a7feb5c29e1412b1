"""What the sample does by itself."""

from inkcre.framework import (
    Job,
    KeyValueNeeds,
    NoPayload,
    Outcome,
    Schedule,
    Settings,
    Storage,
)
from tests.testing.sample.settings import SampleSettings

NEEDS = KeyValueNeeds(value_bytes=500)


def count(settings: Settings[SampleSettings]) -> Outcome:
    """Count."""
    return Outcome({"counted": settings.word})


COUNT = Job("sample.count", NoPayload, count)
HOURLY = Schedule("sample.count", every="1h")


def probe(storage: Storage, settings: Settings[SampleSettings]) -> str:
    """Tell what the sample says of its storage."""
    return f"{settings.word}: {storage.capabilities.outlives_process}"
