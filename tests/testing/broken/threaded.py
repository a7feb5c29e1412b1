"""Has threads."""

from threading import Thread

from pydantic import BaseModel


class Threaded(BaseModel):
    """Has one."""

    def begin(self) -> Thread:
        """Make a thread."""
        return Thread(target=print)
