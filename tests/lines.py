"""The lines of migrations of InKCre, and what its schema is at head."""

from inkcre.core import INKCRE
from inkcre.sql import schema
from inkcre.sql.lines import lines_of

LINES = lines_of(INKCRE)
HEADS = schema.heads_of(LINES)
AT_HEAD = schema.describe(HEADS)
"""As the commands say it."""

METADATA = [line.migrations.metadata for line in LINES]
