"""Tables as they are created: with what only one dialect says of them.

Apart from the tables, since SQLAlchemy loads both dialects to check such options: 2 MiB of each
isolate, for tables that nobody creates there.
"""

from sqlalchemy import MetaData, text

from inkcre.sql.tables import WHERE


def complete(metadata: MetaData) -> MetaData:
    """Say to the dialects what the tables leave to be said here; return the same metadata."""
    for table in metadata.tables.values():
        if any(column.identity for column in table.columns):
            # An id is never given twice, even after a delete.
            table.dialect_options["sqlite"]["autoincrement"] = True
        for index in table.indexes:
            if WHERE in index.info:
                for dialect in ("sqlite", "postgresql"):
                    index.dialect_options[dialect]["where"] = text(index.info[WHERE])
    return metadata
