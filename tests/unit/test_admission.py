"""Which requests a Worker takes on, without one."""

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace

import pytest

from inkcre.edge.admission import ABANDONED_SECONDS, SMALL_BYTES, Admission
from inkcre.edge.requests import LazyRequest

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
    ("method", "headers", "size"),
    [
        ("GET", {}, 0),
        ("HEAD", {"Content-Length": "50"}, 0),
        ("POST", {"Content-Length": "50"}, 50),
        ("PUT", {"content-length": "100"}, 100),
        ("PUT", {"content-length": "101"}, 100),
        ("PUT", {"content-length": "1001"}, 0),
        ("PUT", {"transfer-encoding": "chunked"}, 100),
        ("PUT", {"content-length": "-5"}, 100),
    ],
)
def test_body_counts_as_much_as_it_may_have(
    method: str, headers: dict[str, str], size: int
) -> None:
    """What it announces, at most the limit; the limit when it announces nothing; else none."""
    assert LazyRequest(request(method, **headers)).measure(100, 1000) == size


def test_request_without_a_body_counts_nothing() -> None:
    """Whatever its headers say."""
    without = SimpleNamespace(method="POST", url="http://x/", headers={}, body=None)
    assert LazyRequest(without).measure(100, 1000) == 0


class Part(bytes):
    """A part of a body, as JavaScript hands it over."""

    def to_bytes(self) -> bytes:
        """Give the bytes."""
        return bytes(self)


def test_body_is_read_when_it_is_asked_for() -> None:
    """A part at a time, and then what the adapter has to say; the adapter is shown no body."""
    read: list[int] = []

    async def body() -> AsyncIterator[Part]:
        for number in range(3):
            read.append(number)
            yield Part([number])

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def run() -> None:
        lazy = LazyRequest(SimpleNamespace(method="POST", url="/", headers={}, body=body()))
        assert lazy.body is None
        receiving = lazy.receiving(receive)
        for number in range(3):
            assert read == list(range(number))
            message = await receiving()
            assert (message["body"], message["more_body"]) == (bytes([number]), True)
        assert await receiving() == await receive()

    asyncio.run(run())
