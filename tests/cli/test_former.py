"""The way from the former version, as the documentation describes it."""

import json
import re

import psycopg
import pytest

from tests.cli.conftest import Run
from tests.conftest import ROOT, new_postgres_database

FORMER_TABLES = """
CREATE TYPE storagetype AS ENUM ('url');
CREATE TABLE storages (name TEXT PRIMARY KEY, nickname TEXT, type storagetype NOT NULL);
CREATE TABLE blocks (
    id SERIAL PRIMARY KEY, created_at TIMESTAMPTZ NOT NULL, updated_at TIMESTAMPTZ NOT NULL,
    storage TEXT REFERENCES storages (name), resolver TEXT NOT NULL, content TEXT NOT NULL);
CREATE TABLE relations (
    id SERIAL PRIMARY KEY, updated_at TIMESTAMPTZ NOT NULL,
    from_ INTEGER REFERENCES blocks (id) ON DELETE CASCADE ON UPDATE CASCADE,
    to_ INTEGER REFERENCES blocks (id) ON DELETE CASCADE ON UPDATE CASCADE, content TEXT NOT NULL);
INSERT INTO storages VALUES ('URL', 'web', 'url');
INSERT INTO blocks (created_at, updated_at, storage, resolver, content) VALUES
    ('2025-10-01 12:00:00+02', '2025-10-02 12:00:00+02', 'URL', 'webpage', 'https://example.org/'),
    ('2025-10-03 00:00:00+00', '2025-10-03 00:00:00+00', NULL, 'text', E'line one\\nline "two" \\\\ 漢'),
    ('2025-10-04 00:00:00+00', '2025-10-04 00:00:00+00', NULL, 'text', E'line one\\nline "two" \\\\ 漢'),
    ('2025-10-05 00:00:00+00', '2025-10-05 00:00:00+00', NULL, 'learn_english.lexical', 'word');
INSERT INTO relations (updated_at, from_, to_, content) VALUES
    ('2025-10-06 00:00:00+00', 1, 2, 'text content'),
    ('2025-10-07 00:00:00+00', 1, 3, 'text content'),
    ('2025-10-08 00:00:00+00', 3, 4, '节选');
"""


@pytest.fixture
def statements() -> list[str]:
    """Return the statements that the documentation shows."""
    page = (ROOT / "docs" / "cloudflare.md").read_text()
    (sql,) = re.findall(r"```sql\n(.*?)```", page, flags=re.DOTALL)
    return [part.strip() for part in sql.split(";") if part.strip()]


def test_former_base_is_imported(run: Run, statements: list[str], tmp_path) -> None:  # type: ignore[no-untyped-def]
    """Every block and relation, twins as one, with their times; the former base as it was."""
    former, new = new_postgres_database(), new_postgres_database()
    with psycopg.connect(former, autocommit=True) as connection:
        connection.execute(FORMER_TABLES.encode())
        lines = [
            json.dumps(row[0], ensure_ascii=False)
            for statement in statements
            for row in connection.execute(statement.encode()).fetchall()
        ]
    (tmp_path / "former.ndjson").write_text("\n".join(lines))
    target = ("--profile", "server", "--set", f"database.url={new}")
    assert run("migrate", *target).returncode == 0
    done = run("import", "former.ndjson", *target)
    assert done.returncode == 0, done.stderr
    assert "3 new blocks, 2 new relations, 0 bad lines" in done.stdout
    with psycopg.connect(new) as connection:
        blocks = connection.execute(
            "SELECT resolver, storage, content, created_at::text FROM blocks ORDER BY id"
        ).fetchall()
        relations = connection.execute(
            "SELECT from_, to_, content, updated_at::text FROM relations ORDER BY id"
        ).fetchall()
    assert [block[:3] for block in blocks] == [
        ("webpage", "url", "https://example.org/"),
        ("text", None, 'line one\nline "two" \\ 漢'),
        ("learn_english.lexical", None, "word"),
    ]
    assert blocks[0][3].startswith("2025-10-01")
    assert [relation[:3] for relation in relations] == [(1, 2, "text content"), (2, 3, "节选")]
    assert relations[0][3].startswith("2025-10-06")
    refused = run("migrate", "--profile", "server", "--set", f"database.url={former}")
    assert refused.returncode == 78
    assert "are not this program's" in refused.stderr
