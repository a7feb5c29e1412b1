"""What a part brings, for the tests of records."""

from collections.abc import Iterator
from typing import Literal

from pydantic import BaseModel, ConfigDict

from inkcre.framework import (
    Database,
    ForbiddenChoice,
    Job,
    KeyValue,
    KeyValueNeeds,
    NoPayload,
    Outcome,
    Router,
    RunningJob,
    Schedule,
    Section,
    Settings,
    Storage,
)
from inkcre.graph.forms import BlockForm, Star
from inkcre.graph.resolvers import Resolver
from inkcre.graph.stars import star, text
from inkcre.sources.base import Item, Seen, SourceBase, SourceConfig, SourceState

router = Router()


class SampleSettings(Section):
    """What the sample is told."""

    word: str = "sample"
    """What it says."""

    loud: bool = False
    """Whether it shouts."""


class Thawed(Section):
    """A section that can be changed."""

    model_config = ConfigDict(frozen=False)


class ShelfSettings(Section):
    """``kind = "shelf"``: a further place of small values."""

    kind: Literal["shelf"] = "shelf"
    """A shelf of the sample's."""

    max_entries: int = 3
    """How many values it has room for."""

    max_bytes: int = 1000
    """How much room they have."""


QUIET = ForbiddenChoice(
    "process", ("sample", "word"), frozenset({"hush"}), "a sample speaks", 'write word = "sample"'
)
NEEDS = KeyValueNeeds(value_bytes=500)


class Described(BaseModel):
    """A model that a route reads by itself."""

    word: str


@router.get("/sample", scope="admin")
def sample(
    database: Database, keyvalue: KeyValue, settings: Settings[SampleSettings]
) -> dict[str, str]:
    """Answer with what the part is lent."""
    return {
        "database": database.capabilities.dialect,
        "keyvalue": type(keyvalue).__name__,
        "word": settings.word,
    }


def count(job: RunningJob, _: NoPayload, settings: Settings[SampleSettings]) -> Outcome:
    """Count."""
    return Outcome({"counted": settings.word, "id": job.id})


COUNT = Job("sample.count", NoPayload, count)
HOURLY = Schedule("sample.count", every="1h")


def probe(storage: Storage, settings: Settings[SampleSettings]) -> str:
    """Tell what the sample says of its storage."""
    return f"{settings.word}: {storage.capabilities.outlives_process}"


class SampleSource(SourceBase[SourceConfig, SourceState]):
    """Give one item."""

    name = "sample"
    config_model = SourceConfig

    def collect(self, *, full: bool) -> Iterator[Item | Seen]:
        """Yield the item."""
        yield Item("one", star(text("of a sample")))


def break_down(block: BlockForm) -> Star:
    """Find one thing in every block."""
    return Star.model_validate(
        {
            "block": block.model_dump(),
            "out_relations": [
                {
                    "relation": {"content": "is like"},
                    "to_block": {"block": {"resolver": "text", "content": "a sample"}},
                }
            ],
        }
    )


SAMPLE = Resolver("sample", break_down=break_down)
