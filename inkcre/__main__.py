"""``python -m inkcre`` is ``inkcre``."""

from inkcre.core import INKCRE

if __name__ == "__main__":
    INKCRE.cli()
