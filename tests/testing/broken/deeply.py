"""Imports what has threads."""

from .threaded import Threaded

__all__ = ["Threaded"]
