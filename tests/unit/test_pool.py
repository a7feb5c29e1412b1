"""Connections that are kept and lent."""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Lock

import pytest

from inkcre.adapters.database.pool import ConnectionPool, PoolBusy, PoolLimits
from inkcre.ports.database import PoolUsage


class Connection:
    """A connection that knows whether it is open."""

    def __init__(self) -> None:
        self.is_open = True

    def close(self) -> None:
        """Close it."""
        assert self.is_open
        self.is_open = False


def make_pool(
    kept: int = 1, most: int = 1, timeout: float = 0, recycle: float = -1
) -> ConnectionPool:
    """Make a pool; nobody waits for a connection unless it says so."""
    return ConnectionPool(Connection, PoolLimits(kept, most, timeout, recycle))


def test_connection_that_came_back_last_is_lent_first() -> None:
    """It is the one whose session is warm."""
    pool = make_pool(2, 2)
    first, second = pool.take(), pool.take()
    pool.give(first)
    pool.give(second)
    assert pool.take() is second
    assert pool.take() is first


def test_no_more_are_open_than_may_be() -> None:
    """Who comes then is refused when the time is over, and served when one has come back."""
    pool = make_pool(1, 2)
    first, second = pool.take(), pool.take()
    with pytest.raises(PoolBusy):
        pool.take()
    pool.give(second)
    assert pool.take() is second
    pool.discard(first)
    assert pool.take() is not first


def test_what_is_one_too_many_is_closed_when_it_comes_back() -> None:
    """As many stay as are kept; with none to keep each use has its own."""
    pool = make_pool(1, 2)
    first, second = pool.take(), pool.take()
    assert pool.usage() == PoolUsage(2, 0)
    pool.give(first)
    pool.give(second)
    assert pool.usage() == PoolUsage(0, 1)
    assert first.connection.is_open
    assert not second.connection.is_open
    single = make_pool(0, 5)
    lent = single.take()
    single.give(lent)
    assert not lent.connection.is_open
    assert single.usage() == PoolUsage(0, 0)


def test_one_who_waits_is_served_when_a_connection_comes_back_or_ends() -> None:
    """Either wakes whoever waits."""
    pool = make_pool(timeout=30)
    for end in (pool.give, pool.discard):
        lent = pool.take()
        with ThreadPoolExecutor(1) as other:
            taken = other.submit(pool.take)
            time.sleep(0.05)
            assert not taken.done()
            end(lent)
            pool.give(taken.result(10))


def test_old_connection_is_replaced() -> None:
    """At its age, and not before; the new one has its place."""
    pool = make_pool(recycle=100)
    lent = pool.take()
    pool.give(lent)
    assert pool.take() is lent
    pool.give(lent)
    lent.opened_at -= 101
    replaced = pool.take()
    assert replaced is not lent
    assert not lent.connection.is_open
    assert pool.usage() == PoolUsage(1, 0)


def test_pool_that_is_renewed_lends_nothing_of_before() -> None:
    """What is idle ends at once, what is lent when it comes back, and there is room for others."""
    pool = make_pool(2, 2)
    idle, lent = pool.take(), pool.take()
    pool.give(idle)
    pool.renew()
    assert not idle.connection.is_open
    assert lent.connection.is_open
    new = pool.take()
    assert new is not idle
    pool.give(lent)
    assert not lent.connection.is_open
    pool.give(new)
    assert pool.take() is new
    assert pool.usage() == PoolUsage(1, 0)


def test_connection_that_cannot_be_opened_takes_no_place() -> None:
    """Who comes next may try."""
    answers: list[OSError | Connection] = [OSError(), Connection()]

    def connect() -> Connection:
        answer = answers.pop(0)
        if isinstance(answer, OSError):
            raise answer
        return answer

    pool = ConnectionPool(connect, PoolLimits(1, 1, 0))
    with pytest.raises(OSError):
        pool.take()
    assert pool.usage() == PoolUsage(0, 0)
    assert pool.take().connection.is_open


def test_closed_pool_keeps_nothing() -> None:
    """What is idle is closed at once, what is lent when it comes back."""
    pool = make_pool(2, 2)
    idle, lent = pool.take(), pool.take()
    pool.give(idle)
    pool.close()
    assert not idle.connection.is_open
    assert lent.connection.is_open
    pool.give(lent)
    assert not lent.connection.is_open
    assert pool.usage() == PoolUsage(0, 0)


def test_no_connection_has_two_users_at_once() -> None:
    """Many threads take turns on few connections."""
    pool = make_pool(2, 3, timeout=30)
    used: set[int] = set()
    lock = Lock()

    def use(_: int) -> None:
        lent = pool.take()
        with lock:
            assert id(lent) not in used
            used.add(id(lent))
            assert len(used) <= 3
        time.sleep(0.0001)
        with lock:
            used.remove(id(lent))
        pool.give(lent)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(use, range(400)))
    assert pool.usage() == PoolUsage(0, 2)
