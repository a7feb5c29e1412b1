"""The pace of ticks, whatever is done to the clock."""

import threading
import time
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Self

import pytest
from apscheduler.schedulers import base
from fastapi.testclient import TestClient

from inkcre.adapters.scheduler import apscheduler, steady
from inkcre.app import create_app
from inkcre.jobs.due import Due
from inkcre.runtime.metrics import Ticks
from inkcre.runtime.pulse import SPARE_SECONDS, Pulse
from inkcre.sections.scheduler import ApschedulerSettings
from tests.conftest import sqlite_settings


class SetClock:
    """The time of day as APScheduler sees it, and who sets it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        clock, self.by = self, timedelta()

        class Moment(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> Self:
                return super().now(tz) + clock.by

        for module in (apscheduler, base, steady):
            monkeypatch.setattr(module, "datetime", Moment)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SetClock:
    """Lend a clock that can be set."""
    return SetClock(monkeypatch)


@pytest.mark.parametrize("hours", [-1, 1])
def test_ticks_go_on_when_the_clock_is_set(clock: SetClock, hours: int) -> None:
    """Back, and they had stopped for as long; on, and none comes twice for it."""
    ticks: list[float] = []
    second, fourth = threading.Event(), threading.Event()

    def tick() -> None:
        ticks.append(time.monotonic())
        if len(ticks) == 2:
            second.set()
        if len(ticks) == 4:
            fourth.set()

    scheduler = apscheduler.ApschedulerScheduler(
        ApschedulerSettings(kind="apscheduler", tick_seconds=1)
    )
    scheduler.start(tick)
    try:
        assert second.wait(20)
        clock.by = timedelta(hours=hours)
        assert fourth.wait(20)
    finally:
        scheduler.stop()
    assert ticks[3] - ticks[1] > 0.9


def test_tick_that_goes_on_is_left_out_in_silence(caplog: pytest.LogCaptureFixture) -> None:
    """One at a time, however long it takes, and nothing is said of those that are left out."""
    going, ended, again = [0], threading.Event(), threading.Event()
    most: list[int] = []

    def tick() -> None:
        going[0] += 1
        most.append(going[0])
        if ended.is_set():
            again.set()
        ended.wait(3.5)
        going[0] -= 1

    scheduler = apscheduler.ApschedulerScheduler(
        ApschedulerSettings(kind="apscheduler", tick_seconds=1)
    )
    scheduler.start(tick)
    try:
        time.sleep(2.5)
        assert most == [1]
        ended.set()
        assert again.wait(20)
    finally:
        scheduler.stop()
    assert set(most) == {1}
    assert caplog.records == []


def test_tick_that_does_not_come_is_told() -> None:
    """By the lag, and as a notice, until one comes again; nothing is said before the first."""
    now = [1000.0]
    pulse = Pulse(15, now=lambda: now[0])
    ticks = Ticks(pulse)

    def find_lag() -> float:
        lag = next(iter(ticks.collect()))
        return lag.samples[0].value

    now[0] += 10_000
    assert (find_lag(), pulse.find_stall()) == (0.0, None)
    pulse.beat()
    ticks.observe(Due(0, 0.5))
    now[0] += 15
    assert (find_lag(), pulse.find_stall()) == (0.5, None)
    now[0] += 15 + SPARE_SECONDS
    assert (find_lag(), pulse.find_stall()) == (15 + SPARE_SECONDS, None)
    now[0] += 1
    stall = pulse.find_stall()
    assert stall is not None
    assert (stall.code, stall.message) == ("tick_stalled", "tick: did not come for 61 seconds")
    pulse.beat()
    assert (find_lag(), pulse.find_stall()) == (0.5, None)
    pulse.end()
    now[0] += 10_000
    assert (find_lag(), pulse.find_stall()) == (0.5, None)


def test_readyz_tells_of_a_tick_that_does_not_come(tmp_path: Path) -> None:
    """Among its notices: requests are answered all the same."""
    overrides = {"scheduler.kind": "apscheduler", "scheduler.tick_seconds": 3600}
    app = create_app(
        sqlite_settings(
            tmp_path / "base.sqlite3", **overrides, **{"database.migrate_on_start": True}
        )
    )
    with TestClient(app) as client:
        assert "notices" not in client.get("/readyz").json()
        (find_stall,) = app.state.notices
        pulse = find_stall.__self__
        pulse._last -= 3 * 3600
        told = client.get("/readyz").json()
    assert told["status"] == "ok"
    assert [notice["code"] for notice in told["notices"]] == ["tick_stalled"]
