"""The entry of the Cloudflare Worker; ``inkcre build`` copies it into the artifact."""

from pathlib import Path

from inkcre.core import INKCRE

Default = INKCRE.worker(Path(__file__).parent)
