"""Serve InKCre Core with uvicorn: ``python run.py``, or ``uvicorn --factory run:create_app``."""

from inkcre.app import create_app
from inkcre.core import INKCRE

__all__ = ["create_app"]

if __name__ == "__main__":
    INKCRE.cli(["run"])
