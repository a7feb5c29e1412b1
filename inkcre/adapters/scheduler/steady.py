"""APScheduler with a pace that is kept when the clock is put back."""

from datetime import datetime

from apscheduler.schedulers.background import BackgroundScheduler


class SteadyScheduler(BackgroundScheduler):  # type: ignore[misc]
    """A scheduler of intervals by a clock that nobody sets.

    It waits by one, for an interval at most. When it is woken it looks at the time of day; after
    that was put back by an hour, what it was woken for is an hour away. That cannot be: so it is
    due now. (A clock that is put on brings one call early, and then the pace again.)
    """

    def _process_jobs(self) -> float | None:
        now = datetime.now(self.timezone)
        for job in self.get_jobs():
            if job.next_run_time - now > job.trigger.interval:
                job.modify(next_run_time=now)
        seconds: float | None = super()._process_jobs()
        return seconds
