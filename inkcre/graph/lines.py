"""The base's line of migrations."""

from pathlib import Path

from inkcre.graph.tables import SCHEMA_HEAD, VERSION_TABLE, metadata
from inkcre.sql.lines import Migrations

BASE = Migrations(Path("base"), metadata, VERSION_TABLE, SCHEMA_HEAD)
"""Blocks, relations, and whatever brings or looks after them."""
