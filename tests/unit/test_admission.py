"""Which requests a Worker takes on, without one."""

import asyncio
from contextlib import ExitStack
from types import SimpleNamespace

import pytest

from inkcre.edge.admission import (
    ABANDONED_SECONDS,
    REQUEST_BYTES,
    SMALL_BYTES,
    SMALL_MEMORY_BYTES,
    TIMES_BODY,
    Admission,
)
from inkcre.edge.requests import BODILESS, BoundedRequest
from inkcre.errors import TooSlow
from inkcre.http import pace

LIMITS = {"max_requests": 2, "max_bytes": 100}


def test_places_are_given_back() -> None:
    """As many as there are, and again when somebody is done, with or without an error."""
    admission = Admission()
    with admission.place(now=0, size=0, **LIMITS) as one, admission.place(now=0, size=0, **LIMITS):
        assert one
        with admission.place(now=1, size=0, **LIMITS) as three:
            assert not three
    with pytest.raises(KeyError), admission.place(now=1, size=0, **LIMITS):
        raise KeyError
    with admission.place(now=1, size=0, **LIMITS) as four:
        assert four


def test_bodies_take_places_too() -> None:
    """Together they are no larger than one may be, however few the requests."""
    admission = Admission()
    with (
        admission.place(now=0, size=60_000, max_requests=9, max_bytes=100_000),
        admission.place(now=0, size=40_000, max_requests=9, max_bytes=100_000) as second,
    ):
        assert second
        with admission.place(
            now=0, size=SMALL_BYTES + 1, max_requests=9, max_bytes=100_000
        ) as third:
            assert not third
        with admission.place(now=0, size=SMALL_BYTES, max_requests=9, max_bytes=100_000) as fourth:
            assert fourth


def test_abandoned_places_are_taken_back() -> None:
    """A client that hung up leaves a request that never ends; its place is free after a while."""
    admission = Admission()
    left = [admission.place(now=0, size=50, **LIMITS) for _ in range(2)]
    assert all(place.__enter__() for place in left)
    with admission.place(now=ABANDONED_SECONDS - 1, size=0, **LIMITS) as early:
        assert not early
    with admission.place(now=ABANDONED_SECONDS + 1, size=0, **LIMITS) as late:
        assert late
    for place in left:  # should one end after all
        place.__exit__(None, None, None)


def test_small_bodies_take_memory_too() -> None:
    """Many at once are fewer than there are places; requests without a body are still let in."""
    admission = Admission()
    many = {"now": 0, "max_requests": 1000, "max_bytes": 10**6}
    with ExitStack() as stack:
        let_in = [stack.enter_context(admission.place(size=SMALL_BYTES, **many)) for _ in range(60)]
        assert let_in.count(True) == SMALL_MEMORY_BYTES // (
            REQUEST_BYTES + TIMES_BODY * SMALL_BYTES
        )
        assert stack.enter_context(admission.place(size=0, **many))
        assert stack.enter_context(admission.place(size=SMALL_BYTES + 1, **many))


class Body:
    """A body that comes in parts, after some of which nothing more comes."""

    def __init__(self, *parts: bytes, is_cut: bool = False) -> None:
        self.parts = [*parts]
        self.is_cut = is_cut
        self.read_parts = 0
        self.is_closed = False

    async def read(self, seconds: float) -> bytes | None:
        """Return the next part."""
        if self.parts:
            self.read_parts += 1
            return self.parts.pop(0)
        if self.is_cut:
            raise TimeoutError
        return None

    def close(self) -> None:
        """Take note."""
        self.is_closed = True


def request(method: str = "PUT", body: Body | None = None, **headers: str) -> BoundedRequest:
    """Make a request as the platform hands it over."""
    lent = SimpleNamespace(method=method, url="http://x/a%20b//c?d=%20", body=None)
    made = BoundedRequest(
        lent, [(name.replace("_", "-"), value) for name, value in headers.items()]
    )
    if method not in BODILESS:
        made.take(body)
    return made


async def messages(asked: BoundedRequest) -> list[dict[str, object]]:
    """Receive until the client is said to have gone."""
    receive, received = asked.receiving(), []
    while (message := await receive())["type"] == "http.request":
        received.append(dict(message))
    return received


def test_target_is_described_as_it_came() -> None:
    """The path decoded and as it was, and the query as it was."""
    scope = request().scope(more=1)
    assert (scope["path"], scope["raw_path"]) == ("/a b//c", b"/a%20b//c")
    assert (scope["query_string"], scope["scheme"], scope["more"]) == (b"d=%20", "http", 1)


@pytest.mark.parametrize(
    ("method", "headers", "size", "is_streamed"),
    [
        ("GET", {}, 0, False),
        ("HEAD", {"content_length": "50"}, 0, False),
        ("POST", {"content_length": "50"}, 50, False),
        ("PUT", {"content_length": "100"}, 100, False),
        ("PUT", {"content_length": "101"}, 100, True),
        ("PUT", {"content_length": "1001"}, 0, False),
        ("PUT", {"transfer_encoding": "chunked"}, 100, True),
        ("PUT", {"content_length": "-5"}, 100, True),
    ],
)
def test_body_counts_as_much_as_may_be_held(
    method: str, headers: dict[str, str], size: int, is_streamed: bool
) -> None:
    """What it announces, at most what is held at once; none of what is refused unread."""
    asked = request(method, Body(b"x" * 50), **headers)
    asked.bound(100, 1000)
    assert (asked.size, asked.is_streamed) == (size, is_streamed)


def test_body_that_may_not_be_larger_is_never_streamed() -> None:
    """One that announces nothing is held up to the limit, and one over it is refused unread."""
    for headers, size in (({}, 100), ({"content_length": "101"}, 0), ({"content_length": "100"}, 100)):  # fmt: skip
        asked = request("PUT", Body(b"x"), **headers)
        asked.bound(100, 100)
        assert (asked.size, asked.is_streamed) == (size, False)


def test_small_body_is_read_whole_and_no_further() -> None:
    """What it announces, without asking for the end; then the client has gone."""

    async def run() -> None:
        body = Body(b"ab", b"cd", b"never read")
        asked = request("PUT", body, content_length="4")
        asked.bound(100, 100)
        await asked.hold_body()
        assert (body.read_parts, body.is_closed) == (2, True)
        assert await messages(asked) == [
            {"type": "http.request", "body": b"abcd", "more_body": False}
        ]

    asyncio.run(run())


def test_large_body_is_read_when_it_is_asked_for() -> None:
    """A part at a time, and then its end."""

    async def run() -> None:
        body = Body(*(bytes([number]) for number in range(3)))
        asked = request("POST", body)
        asked.bound(2, 1000)
        await asked.hold_body()
        receive = asked.receiving()
        for number in range(3):
            assert body.read_parts == number
            message = await receive()
            assert (message["body"], message["more_body"]) == (bytes([number]), True)
        assert (await receive())["more_body"] is False

    asyncio.run(run())


def test_body_is_read_no_further_than_is_needed_to_refuse_it() -> None:
    """The part that passes the limit is the last."""

    async def run() -> None:
        body = Body(*(b"x" * 40 for _ in range(10)))
        asked = request("PUT", body)
        asked.bound(100, 100)
        await asked.hold_body()
        assert body.read_parts == 3
        assert len((await messages(asked))[0]["body"]) == 101  # type: ignore[arg-type]

    asyncio.run(run())


@pytest.mark.parametrize("most_bytes", [100, 1000])
def test_body_that_stops_is_too_slow(most_bytes: int) -> None:
    """Held or streamed."""

    async def run() -> None:
        asked = request("PUT", Body(b"x", is_cut=True))
        asked.bound(100, most_bytes)
        await asked.hold_body()
        await messages(asked)

    with pytest.raises(TooSlow):
        asyncio.run(run())


def test_body_that_drips_is_too_slow() -> None:
    """After the first minute it has to come with a kilobyte a second on the whole."""
    measured = pace.Pace()
    measured.count(1, 59.0)
    with pytest.raises(TooSlow):
        measured.count(1000, 2.0)


def test_time_that_a_client_is_not_waited_for_is_not_its_own() -> None:
    """A body that is written slowly here may have come fast."""
    measured = pace.Pace()
    for _ in range(1000):
        measured.count(1000, 0.07)
