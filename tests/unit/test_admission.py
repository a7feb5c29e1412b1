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
    ("method", "headers", "size"),
    [
        ("GET", {"content-length": "5"}, 0),
        ("POST", {"content-length": "5"}, 5),
        ("POST", {"Content-Length": "100"}, 100),
        ("POST", {"content-length": "101"}, 0),
        ("POST", {}, 100),
        ("PUT", {"content-length": "many"}, 100),
    ],
)
def test_body_is_as_large_as_announced_or_as_it_may_be(
    method: str, headers: dict[str, str], size: int
) -> None:
    """Of one that is announced as too large nothing is read; the application says why."""
    assert BoundedRequest(request(method, **headers), 100).size == size
    without = request(method, **headers)
    without.body = None
    assert BoundedRequest(without, 100).size == 0


def test_body_is_read_no_further_than_is_needed_to_refuse_it() -> None:
    """The part that passes the limit is the last."""
    given: list[int] = []

    class Part:
        def __init__(self, length: int) -> None:
            self.length = length

        def subarray(self, start: int, end: int) -> "Part":
            return Part(end - start)

    async def body() -> AsyncIterator[Part]:
        for number in range(10):
            given.append(number)
            yield Part(40)

    async def read() -> int:
        return sum([part.length async for part in read_bounded(body(), 100)])

    assert asyncio.run(read()) == 101
    assert given == [0, 1, 2]
