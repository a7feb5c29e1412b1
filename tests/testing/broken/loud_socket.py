"""Speaks to others."""

from pydantic import BaseModel


def _look() -> str:
    import socket

    return str(socket.getaddrinfo("127.0.0.1", 80))


FOUND = _look()


class Loud(BaseModel):
    """What was found."""

    word: str = FOUND
