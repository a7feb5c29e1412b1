"""Serve InKCre Core with uvicorn: ``python run.py``, or ``uvicorn --factory run:create_app``."""

from inkcre.app import create_app
from inkcre.cli.main import main

__all__ = ["create_app"]

if __name__ == "__main__":
    main(["run"])
