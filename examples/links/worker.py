"""The entry of the Cloudflare Worker; ``links build`` copies it into the artifact."""

from pathlib import Path

from links import app

Default = app.worker(Path(__file__).parent)
