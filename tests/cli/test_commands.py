"""The commands' output and exit status, right and wrong."""

import json
import sqlite3
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.lines import AT_HEAD, HEADS

STAR = {
    "block": {"resolver": "text", "content": "one"},
    "out_relations": [
        {
            "relation": {"content": "to"},
            "to_block": {"block": {"resolver": "text", "content": "two"}},
        }
    ],
}


def test_help_lists_the_commands(run: Run) -> None:
    """Every command with one line."""
    done = run("--help")
    assert done.returncode == 0
    for command in ("run", "migrate", "plan", "profiles", "import", "export"):
        assert command in done.stdout


def test_version_is_shown(run: Run) -> None:
    """The version and nothing else."""
    from importlib.metadata import version

    assert run("--version").stdout == f"{version('inkcre')}\n"


def test_unknown_command_is_a_usage_error(run: Run) -> None:
    """Status 2, and what it was."""
    done = run("fly")
    assert done.returncode == 2
    assert "fly" in done.stderr


def test_profiles_are_listed_with_their_files(run: Run, tmp_path: Path) -> None:
    """The package's own and the user's, in text and in JSON."""
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles/staging.toml").write_text('extends = "server"\ndescription = "a trial"\n')
    text = run("profiles").stdout
    assert "staging  a trial (extends server)  [profiles/staging.toml]" in text
    found = json.loads(run("profiles", "--format", "json").stdout)["profiles"]
    assert [p["name"] for p in found] == ["dev", "server", "staging", "workers"]


def test_plan_names_the_line_behind_each_choice(run: Run, tmp_path: Path) -> None:
    """What was chosen, which line chose it, what was not and why."""
    (tmp_path / "inkcre.toml").write_text('[scheduler]\nkind = "off"\n')
    done = run("plan")
    assert done.returncode == 0
    assert "scheduler: off  (chosen by inkcre.toml:2:1)" in done.stdout
    assert "not cron-trigger: cannot run on target process" in done.stdout
    plan = json.loads(run("plan", "--format", "json").stdout)
    assert plan["ports"][0]["kind"] == "sqlite"


def test_plan_opens_no_connection_and_shows_no_secret(run: Run, tmp_path: Path) -> None:
    """A server that is not there is no obstacle; the password is masked."""
    url = "postgresql://u:hunter2@192.0.2.1/d"
    done = run("plan", "--profile", "server", INKCRE_DATABASE__URL=url)
    assert done.returncode == 0
    assert "database: postgres" in done.stdout
    assert "hunter2" not in done.stdout
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("profile", ["dev", "workers"])
def test_plan_of_each_target(run: Run, profile: str) -> None:
    """The plan can be made for a target that is elsewhere."""
    done = run("plan", "--profile", profile)
    assert done.returncode == 0, done.stderr
    assert f"profile  {profile}" in done.stdout


@pytest.mark.parametrize("command", [["plan"], ["migrate"], ["run"], ["export", "-"]])
def test_wrong_settings_end_every_command_with_78(run: Run, command: list[str]) -> None:
    """The report on standard error, nothing on standard output, no stack trace."""
    done = run(*command, INKCRE_PROFILE="wrokers")
    assert done.returncode == 78
    assert done.stdout == ""
    assert done.stderr.startswith("error[unknown_profile]: profile 'wrokers'")
    assert "did you mean `workers`?" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["plan", "profiles"])
def test_wrong_settings_are_json_for_machines(run: Run, tmp_path: Path, command: str) -> None:
    """--format json also goes for errors."""
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles/dev.toml").write_text("port = = 1\n")
    done = run(command, "--format", "json")
    assert done.returncode == 78
    (error,) = json.loads(done.stderr)["errors"]
    assert (error["code"], error["places"][0]["line"]) == ("toml_syntax", 1)


def test_migrate_makes_the_schema_once(run: Run) -> None:
    """From nothing to head, then nothing to do; --check tells which."""
    behind = run("migrate", "--check")
    assert behind.returncode == 78
    assert "run `inkcre migrate`" in behind.stderr
    first, second = run("migrate"), run("migrate")
    made = [f"schema of {part}: nothing -> {head}" for part, head in HEADS.items()]
    assert first.stdout.splitlines() == [*made, f"schema is up to date: {AT_HEAD}"]
    assert second.stdout == f"schema is up to date: {AT_HEAD}\n"
    assert run("migrate", "--check").returncode == 0


def test_migrate_writes_sql_that_makes_the_schema(run: Run) -> None:
    """What --sql writes for SQLite can be run by SQLite, and writes nothing by itself."""
    done = run("migrate", "--sql")
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.executescript(done.stdout)
    names = {row[0] for row in connection.execute("SELECT name FROM sqlite_schema")}
    assert {"blocks", "relations", "storages"} <= names
    assert connection.execute("SELECT name, nickname FROM storages ORDER BY 1").fetchall() == [
        ("file", None),
        ("url", "URL"),
    ]
    connection.close()
    sql = run("migrate", "--sql", "--profile", "workers").stdout
    assert "TIMESTAMP WITH TIME ZONE" in sql


def test_server_refuses_to_serve_when_behind(run: Run, postgres_url: str) -> None:
    """The refusal names the command to run, and is status 78."""
    import psycopg

    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("UPDATE inkcre_schema SET version_num = '0000'")
    environ = {"INKCRE_DATABASE__URL": postgres_url, "INKCRE_HTTP__PORT": "0"}
    done = run("run", "--profile", "server", **environ)
    assert done.returncode == 78
    assert "the schema of core is at 0000" in done.stderr
    assert "run `inkcre migrate`" in done.stderr
    assert "Traceback" not in done.stderr


def test_workers_profile_is_not_served_in_a_process(run: Run) -> None:
    """It says what to choose instead."""
    done = run("run", "--profile", "workers")
    assert done.returncode == 78
    assert "choose a profile such as dev or server" in done.stderr


def test_import_counts_and_a_second_import_adds_nothing(run: Run, tmp_path: Path) -> None:
    """Two runs, one copy."""
    (tmp_path / "in.ndjson").write_text(json.dumps(STAR) + "\n\n" + json.dumps(STAR) + "\n")
    first, second = run("import", "in.ndjson"), run("import", "in.ndjson")
    assert (first.returncode, second.returncode) == (0, 0)
    assert "2 lines, 2 new blocks, 1 new relations, 0 bad lines" in first.stdout
    assert "2 lines, 0 new blocks, 0 new relations, 0 bad lines" in second.stdout


BAD_LINES = [
    "not json",
    '{"block": {"resolver": "text"}}',
    '{"block": {"resolver": "text", "content": "nul \\u0000"}}',
    '{"block": {"resolver": "text", "content": "half \\ud800"}}',
    '{"block": {"resolver": "text", "content": "x", "storage": "nowhere"}}',
    '{"block": {"id": 999}, "out_relations": []}',
    '{"block": {"digest": "' + "0" * 64 + '"}}',
    "[" * 100_000,
    "[]",
    '{"blocks": []}',
]


def test_bad_lines_are_numbered_and_stop_nothing(run: Run, tmp_path: Path) -> None:
    """Each bad line is reported with its number, the good ones around it are written, status 1."""
    lines: list[str] = []
    for number, bad in enumerate(BAD_LINES):
        lines += [bad, json.dumps({"block": {"resolver": "text", "content": f"good {number}"}})]
    (tmp_path / "in.ndjson").write_text("\n".join(lines))
    for created in (len(BAD_LINES), 0):
        done = run("import", "in.ndjson")
        assert done.returncode == 1
        assert f"{len(BAD_LINES)} lines, {created} new blocks" in done.stdout
        reported = {int(line.split(":")[1]) for line in done.stderr.splitlines()}
        assert reported == {2 * n + 1 for n in range(len(BAD_LINES))}


def test_line_that_is_not_text_is_a_bad_line(run: Run, tmp_path: Path) -> None:
    """Bytes that are not UTF-8 spoil their line only; a byte order mark spoils none."""
    good = json.dumps({"block": {"resolver": "text", "content": "é"}}, ensure_ascii=False).encode()
    (tmp_path / "in.ndjson").write_bytes(b"\xef\xbb\xbf" + good + b"\r\n{\xff}\n" + good)
    done = run("import", "in.ndjson")
    assert done.returncode == 1
    assert "in.ndjson:2: not UTF-8 text" in done.stderr
    assert "1 new blocks" in done.stdout


def test_import_reads_standard_input(run: Run) -> None:
    """- is standard input."""
    assert "2 new blocks" in run("import", "-", stdin=json.dumps(STAR)).stdout


def test_missing_file_is_said(run: Run) -> None:
    """Status 66 (EX_NOINPUT), and the name."""
    done = run("import", "nowhere.ndjson")
    assert done.returncode == 66
    assert "nowhere.ndjson: no such file or directory" in done.stderr


def test_export_writes_a_whole_file_or_none(run: Run, tmp_path: Path) -> None:
    """A folder that is not there is said, and nothing half is left."""
    run("import", "-", stdin=json.dumps(STAR))
    assert run("export", "out.ndjson").returncode == 0
    assert len((tmp_path / "out.ndjson").read_text().splitlines()) == 3
    assert [p.name for p in tmp_path.iterdir() if "partial" in p.name] == []
    done = run("export", "nowhere/out.ndjson")
    assert done.returncode == 73
    assert "Traceback" not in done.stderr


def test_export_to_standard_output_is_only_lines(run: Run) -> None:
    """What is not NDJSON goes to standard error."""
    run("import", "-", stdin=json.dumps(STAR))
    lines = [json.loads(line) for line in run("export", "-").stdout.splitlines()]
    assert len(lines) == 3


def test_taken_port_is_said_with_a_remedy(run: Run, tmp_path: Path) -> None:
    """One error before anything was made, and what to type instead."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("run", "--set", f"http.port={port}")
    assert done.returncode == 78
    assert done.stderr.splitlines()[-2].startswith("error[cannot_listen]: http://127.0.0.1:")
    assert f"--port {port + 1}" in done.stderr
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("command", [["export", "-"], ["migrate"]])
def test_impossible_database_path_is_one_error(
    run: Run, tmp_path: Path, command: list[str]
) -> None:
    """A folder that cannot be made ends in a sentence, not in a stack trace."""
    (tmp_path / "file").write_text("")
    done = run(*command, INKCRE_DATABASE__PATH=str(tmp_path / "file" / "base.sqlite3"))
    assert done.returncode == 78
    assert "database.path: " in done.stderr
    assert "Traceback" not in done.stderr


def test_bad_line_takes_no_good_line_along(run: Run, tmp_path: Path) -> None:
    """Lines that need each other are written although another line of the batch is bad."""
    from inkcre.graph.digests import block_digest

    one = {
        "block": {"resolver": "text", "content": "one"},
        "out_relations": [
            {
                "relation": {"content": "to"},
                "to_block": {"block": {"digest": block_digest("text", None, "two")}},
            }
        ],
    }
    lines = [
        one,
        {"block": {"resolver": "text", "content": "two"}},
        {"block": {"resolver": "text", "content": "x", "storage": "nowhere"}},
        {"block": {"resolver": "text", "content": "y", "created_at": "9999-12-31T23:59:59-14:00"}},
    ]
    text = "\n".join(json.dumps(line) for line in lines)
    (tmp_path / "in.ndjson").write_text(text + '\n{"block": {"id": ' + "1" * 5000 + "}}")
    done = run("import", "in.ndjson")
    assert "2 lines, 2 new blocks, 1 new relations, 3 bad lines" in done.stdout
    assert {line.split(":")[1] for line in done.stderr.splitlines()} == {"3", "4", "5"}
