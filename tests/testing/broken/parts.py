"""What the broken ones bring."""

from collections.abc import Iterator
from typing import ClassVar

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from inkcre.framework import (
    ForbiddenChoice,
    Job,
    KeyValueNeeds,
    NoPayload,
    Outcome,
    Router,
    Schedule,
    Section,
    Settings,
    Unavailable,
    documented,
)
from inkcre.graph.resolvers import Resolver
from inkcre.graph.stars import star, text
from inkcre.sources.base import Item, Seen, SourceBase, SourceConfig, SourceState

NUMBER = 3
URL = "https://words.example/"


class Thawed(Section):
    """Can be changed."""

    model_config = ConfigDict(frozen=False)


class Open(Section):
    """Takes any key."""

    model_config = ConfigDict(extra="allow")


class Untold(Section):
    word: str = ""
    """What it says."""


class Undescribed(Section):
    """Not described."""

    word: str = ""


class Unexemplified(Section):
    """No example."""

    word: str
    """What it says."""


class Careless(Section):
    """Any text is a secret."""

    word: SecretStr = Field(SecretStr(""))
    """What it says to nobody."""


class Shown(Section):
    """Shows a secret."""

    api_token: str = ""
    """What it shows to others."""


class ElsewhereSettings(Section):
    """Nobody's."""


class QuarrelsomeSettings(Section):
    """Has what is forbidden."""

    word: str = "hush"
    """What it says."""


NO_QUARREL = ForbiddenChoice(
    "process", ("extensions", "broken", "word"), frozenset({"hush"}), "it speaks", "say something"
)


class Answer(BaseModel):
    """What is answered."""

    word: str = "hello"


def said() -> str:
    """Say something."""
    return "hello"


def idle() -> Outcome:
    """Do nothing."""
    return Outcome()


STRAY = Job("weather.count", NoPayload, idle)
IDLE = Schedule("broken.idle", every="1h")
TOO_MUCH = KeyValueNeeds(value_bytes=2**40)
TAKEN = Resolver("text")

stray, shadow, unlent = Router(), Router(), Router(prefix="/broken")
silent, carefree, mistold = Router(prefix="/broken"), Router(prefix="/broken"), APIRouter()


@stray.get("/brokenly", responses=documented(Answer))
def stray_route() -> Answer:
    """Answer elsewhere."""
    return Answer()


@shadow.get("/blocks", responses=documented(Answer))
def shadow_route() -> Answer:
    """Answer in the place of ours."""
    return Answer()


@unlent.get("/", responses=documented(Answer))
def unlent_route(settings: Settings[ElsewhereSettings]) -> Answer:
    """Ask for nobody's settings."""
    return Answer()


@silent.get("/", responses={k: v for k, v in documented(None).items() if k != 200})
def silent_route():  # type: ignore[no-untyped-def]
    """Answer whatever it is."""
    return {"word": "hello"}


@carefree.get("/")
def carefree_route() -> Answer:
    """Have no problems."""
    return Answer()


@mistold.get("/broken/{number}", responses={503: documented(Answer)[503]})
def mistold_route(number: int) -> Answer:
    """Refuse a number otherwise than is told."""
    return Answer()


class GoodSource(SourceBase[SourceConfig, SourceState]):
    """Give one word."""

    name = "broken"
    config_model = SourceConfig

    def collect(self, *, full: bool) -> Iterator[Item | Seen]:
        """Yield the word."""
        yield Item("one", star(text("hello")))


class TakenSource(GoodSource):
    """Have a name of ours."""

    name = "rss"


class MisnamedSource(GoodSource):
    """Have another name."""

    name = "weather"


class UnsaidSource(GoodSource):
    __doc__ = None


class LaxConfig(SourceConfig):
    """Takes any key."""

    model_config = ConfigDict(extra="ignore")


class LaxSource(GoodSource):
    """Take any key."""

    config_model = LaxConfig


class RestlessSource(GoodSource):
    """Give another word when everything is asked for."""

    def collect(self, *, full: bool) -> Iterator[Item | Seen]:
        """Yield a word, by the key that it has this time."""
        yield Item("two" if full else "one", star(text("again" if full else "hello")))


class ForgetfulSource(GoodSource):
    """Leave a lock behind when its process is killed."""

    locked: ClassVar[set[int]] = set()

    def collect(self, *, full: bool) -> Iterator[Item | Seen]:
        """Yield the word, unless it seems that another process is at it."""
        if self.locked:
            return
        self.locked.add(1)
        try:
            self.context.web.fetch(URL)
        except Unavailable:
            self.locked.clear()
            raise
        yield Item("one", star(text("hello")))
        self.locked.clear()


class HastySource(GoodSource):
    """Take what has begun for what is done."""

    def collect(self, *, full: bool) -> Iterator[Item | Seen]:
        """Yield more words than are written in one batch, unless there are some."""
        if not self.context.stamps():
            for number in range(120):
                yield Item(str(number), star(text(f"word {number}")), stamp="1")


class LossyState(SourceState):
    """Is not written whole."""

    count: int = Field(0, exclude=True)


class LossySource(SourceBase[SourceConfig, LossyState]):
    """Count, and lose it."""

    name = "broken"
    config_model = SourceConfig
    state_model = LossyState

    def collect(self, *, full: bool) -> Iterator[Item | Seen]:
        """Yield the word."""
        yield Item("one", star(text("hello")))
        self.state = LossyState(count=1)


class BoldState(SourceState):
    """How far it has come."""

    is_done: bool = False


class BoldSource(SourceBase[SourceConfig, BoldState]):
    """Take no answer for an empty one."""

    name = "broken"
    config_model = SourceConfig
    state_model = BoldState

    def collect(self, *, full: bool) -> Iterator[Item | Seen]:
        """Yield the word once, whether it came or not."""
        if not self.state.is_done or full:
            try:
                self.context.web.fetch(URL)
                yield Item("one", star(text("hello")))
            except Unavailable:
                pass
            self.state = BoldState(is_done=True)
