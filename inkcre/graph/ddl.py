"""The tables as they are created: with what only one dialect says of them.

Apart from the tables, since SQLAlchemy loads both dialects to check such options: 2 MiB of each
isolate, for tables that nobody creates there.
"""

from sqlalchemy import text

import inkcre.graph.tables  # noqa: F401 - so that metadata has them too
from inkcre.sql.tables import WHERE, metadata

for _table in metadata.tables.values():
    if any(column.identity for column in _table.columns):
        # An id is never given twice, even after a delete.
        _table.dialect_options["sqlite"]["autoincrement"] = True
    for _index in _table.indexes:
        if WHERE in _index.info:
            for _dialect in ("sqlite", "postgresql"):
                _index.dialect_options[_dialect]["where"] = text(_index.info[WHERE])

__all__ = ["metadata"]
