"""Which requests a Worker takes on, without one."""

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace

import pytest

from inkcre.edge.admission import ABANDONED_SECONDS, SMALL_BYTES, Admission
from inkcre.edge.requests import BoundedRequest, read_bounded

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


def request(method: str, **headers: str) -> SimpleNamespace:
    """Make what the SDK hands over."""
    return SimpleNamespace(method=method, url="http://x/", headers=headers, body="a stream")


@pytest.mark.parametrize(
    ("method", "headers", "size", "is_streamed"),
    [
        ("GET", {}, 0, False),
        ("HEAD", {"Content-Length": "50"}, 0, False),
        ("POST", {"Content-Length": "50"}, 50, False),
        ("PUT", {"content-length": "100"}, 100, False),
        ("PUT", {"content-length": "101"}, 100, True),
        ("PUT", {"content-length": "1001"}, 0, False),
        ("PUT", {"transfer-encoding": "chunked"}, 100, True),
        ("PUT", {"content-length": "-5"}, 100, True),
    ],
)
def test_body_counts_as_much_as_may_be_held(
    method: str, headers: dict[str, str], size: int, is_streamed: bool
) -> None:
    """What it announces, at most what is held at once; none of what is refused unread.

    One that may be larger is kept from the adapter, and streamed.
    """
    bounded = BoundedRequest(request(method, **headers), 100, 1000)
    assert bounded.size == size
    assert (bounded.body is not None) is (size > 0 and not is_streamed)

    async def receive() -> dict[str, object]:
        return {}

    assert (bounded.receiving(receive) is not receive) is is_streamed
    bounded.drop_body()
    assert bounded.body is None
    assert bounded.receiving(receive) is receive


def test_body_that_may_not_be_larger_is_never_streamed() -> None:
    """One that announces nothing is held up to the limit, and one over it is refused unread."""
    for headers, size in (({}, 100), ({"content-length": "101"}, 0), ({"content-length": "100"}, 100)):  # fmt: skip
        bounded = BoundedRequest(request("PUT", **headers), 100, 100)
        assert (bounded.size, bounded.body is not None) == (size, size > 0)


def test_request_without_a_body_counts_nothing() -> None:
    """Whatever its headers say."""
    without = SimpleNamespace(method="POST", url="http://x/", headers={}, body=None)
    assert BoundedRequest(without, 100, 1000).size == 0


class Part(bytes):
    """A part of a body, as JavaScript hands it over."""

    @property
    def length(self) -> int:
        """Give how many bytes it has."""
        return len(self)

    def subarray(self, start: int, end: int) -> "Part":
        """Give a part of it."""
        return Part(self[start:end])

    def to_bytes(self) -> bytes:
        """Give the bytes."""
        return bytes(self)


def test_large_body_is_read_when_it_is_asked_for() -> None:
    """A part at a time, and then what the adapter has to say; the adapter is shown no body."""
    read: list[int] = []

    async def body() -> AsyncIterator[Part]:
        for number in range(3):
            read.append(number)
            yield Part([number])

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def run() -> None:
        whole = SimpleNamespace(method="POST", url="/", headers={}, body=body())
        bounded = BoundedRequest(whole, 2, 1000)
        assert bounded.body is None
        receiving = bounded.receiving(receive)
        for number in range(3):
            assert read == list(range(number))
            message = await receiving()
            assert (message["body"], message["more_body"]) == (bytes([number]), True)
        assert await receiving() == await receive()

    asyncio.run(run())


def test_body_is_read_no_further_than_is_needed_to_refuse_it() -> None:
    """The part that passes the limit is the last."""
    given: list[int] = []

    async def body() -> AsyncIterator[Part]:
        for number in range(10):
            given.append(number)
            yield Part(40)

    async def read() -> int:
        return sum([part.length async for part in read_bounded(body(), 100)])

    assert asyncio.run(read()) == 101
    assert given == [0, 1, 2]
