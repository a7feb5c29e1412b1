"""The commands about settings, as a person runs them."""

import json
import os
import pty
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.cli.conftest import COMMAND, Run, clean_environ

URL = "postgresql://inkcre:hunter2@localhost/inkcre"


def on_a_terminal(folder: Path, *arguments: str, **environ: str) -> tuple[str, int]:
    """Run the command on a terminal; give what it showed there and its status."""
    shown = bytearray()
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(folder)
        env = {**clean_environ(**environ), "TERM": "xterm"}
        if "NO_COLOR" not in environ:
            env.pop("NO_COLOR")
        os.execve(COMMAND, [COMMAND, *arguments], env)
    try:
        while chunk := os.read(terminal, 65536):
            shown += chunk
    except OSError:
        pass  # a terminal whose program is gone
    os.close(terminal)
    return shown.decode(), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_show_lists_every_setting_with_its_origin(run: Run, tmp_path: Path) -> None:
    """Key, value, layer and place, in columns."""
    (tmp_path / "inkcre.toml").write_text("[http]\nport = 9000\n")
    plain = run("config", "show").stdout.splitlines()
    assert "http.port                      9000" in plain
    rows = run("config", "show", "--origins").stdout.splitlines()
    (row,) = [row for row in rows if row.startswith("http.port ")]
    assert row.split("  ")[-1] == "inkcre.toml:2:1"


def test_show_as_toml_loads_to_the_same(run: Run, tmp_path: Path) -> None:
    """The file that it prints shows the same again."""
    (tmp_path / "inkcre.toml").write_text("[http]\nport = 9000\n[app]\ntitle = '资料库'\n")
    before = json.loads(run("config", "show", "--format", "json").stdout)
    text = run("config", "show", "--format", "toml").stdout
    assert tomllib.loads(text)["http"]["port"] == 9000
    (tmp_path / "inkcre.toml").write_text(text)
    assert json.loads(run("config", "show", "--format", "json").stdout) == before


def test_show_as_json_has_origins_and_what_they_hide(run: Run, tmp_path: Path) -> None:
    """For machines, nested as the settings are."""
    (tmp_path / "inkcre.toml").write_text("[http]\nport = 9000\n")
    done = run("config", "show", "--format", "json", "--origins", INKCRE_HTTP__PORT="1")
    made = json.loads(done.stdout)
    assert made["settings"]["http"]["port"] == 1
    assert made["origins"]["http.port"] == {
        "layer": "environment",
        "place": "INKCRE_HTTP__PORT",
        "hides": ["inkcre.toml:2:1"],
    }


def test_show_works_while_the_settings_are_wrong(run: Run) -> None:
    """What there is on standard output, what is wrong on standard error, status 78."""
    done = run("config", "show", "--set", "http.port=six")
    assert done.returncode == 78
    assert "http.port                      six" in done.stdout.splitlines()
    assert "error[int_parsing]: http.port" in done.stderr
    machine = run("config", "show", "--set", "http.port=six", "--format", "json")
    assert json.loads(machine.stdout)["settings"]["http"]["port"] == "six"
    assert json.loads(machine.stderr)["errors"][0]["code"] == "int_parsing"


@pytest.mark.parametrize(
    "command",
    [
        ["config", "show"],
        ["config", "show", "--origins"],
        ["config", "show", "--format", "toml"],
        ["config", "show", "--format", "json", "--origins"],
        ["config", "explain", "database.url"],
        ["config", "explain", "database", "--format", "json"],
        ["config", "check", "--deploy"],
        ["config", "check", "--deploy", "--format", "json"],
        ["config", "check", "--deploy", "--format", "github"],
        ["config", "diff", "dev", "server"],
        ["config", "diff", "dev", "server", "--format", "json"],
        ["plan"],
        ["plan", "--format", "json"],
        ["doctor"],
        ["doctor", "--format", "json"],
    ],
)
def test_no_command_shows_a_secret(run: Run, tmp_path: Path, command: list[str]) -> None:
    """From a file or from a variable, right or wrong, it is masked."""
    (tmp_path / "inkcre.toml").write_text(f'[profiles.server.database]\nurl = "{URL}/old"\n')
    for url in (f"{URL}?connect_timeout=1", "hunter2"):
        done = run(*command, INKCRE_DATABASE__URL=url, INKCRE_PROFILE="server")
        assert "hunter2" not in done.stdout + done.stderr
        assert "Traceback" not in done.stderr


SECRET_URL = "postgresql://u:hunter2@h/d?sslmode=require"


@pytest.mark.parametrize(
    "arguments",
    [
        ["config", "set", f"database.url={SECRET_URL}"],
        ["config", "set", "database.url", SECRET_URL],
        ["config", "set", "http.port", "80", SECRET_URL, "database.url"],
        ["config", "unset", SECRET_URL],
        ["config", "explain", SECRET_URL],
        ["config", "show", "--set", f"database.url {SECRET_URL}"],
        ["config", "show", "--set", f"database.url:{SECRET_URL}"],
        ["config", "show", "--set", SECRET_URL],
        ["config", "check", "--set", f"database.url={SECRET_URL}"],
        ["plan", "--set", f"database.kind={SECRET_URL}", "--set", "http.port=x"],
    ],
)
def test_no_command_echoes_a_misplaced_secret(run: Run, arguments: list[str]) -> None:
    """Whoever writes = for a space, or the two the wrong way round, is not quoted."""
    done = run(*arguments)
    if "database.kind" not in str(
        arguments
    ):  # a word that was given to a setting that is no secret
        assert "hunter2" not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert done.returncode in (2, 78)


@pytest.mark.parametrize(
    "arguments",
    [
        ["config", "show", "--set", "app.title=\x1b[31m\u202e"],
        ["config", "show", "--format", "toml", "--set", "app.title=\x9b\u202e"],
        ["plan", "--set", "storage.path=/tmp/\x1b[31mx"],
        ["config", "check", "--format", "github", "--set", 'http={"\x1b[31m": 1}'],
        ["explain", "\x1b[31mfoo"],
        ["profiles"],
        ["config", "explain", "app.title", "--set", "app.title=\x1b"],
        ["config", "diff", "dev", "loud"],
        ["doctor", "--set", "storage.path=\x1b[31m/x/y"],
    ],
)
def test_nothing_printed_is_obeyed_by_a_terminal(
    run: Run, tmp_path: Path, arguments: list[str]
) -> None:
    """Escape sequences out of values, keys, names and arguments are written as their escapes."""
    (tmp_path / "profiles").mkdir()
    loud = 'extends = "dev"\ndescription = "\\u001b[31m"\napp.title = "\\u001b[31m"\n'
    (tmp_path / "profiles/loud.toml").write_text(loud)
    done = run(*arguments)
    said = done.stdout + done.stderr
    assert all(character.isprintable() or character == "\n" for character in said)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_terminal_that_knows_few_characters_gets_escapes(
    run: Run, tmp_path: Path, encoding: str
) -> None:
    """No traceback for want of a letter."""
    for arguments in (["config", "check", "--deploy", "-p", "server"], ["config", "show", "--set", "app.title=库"]):  # fmt: skip
        done = run(*arguments, PYTHONIOENCODING=encoding)
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "toml",
    [
        "http.cors.allow_origins = [2020-01-01]",
        "database.busy_timeout_seconds = nan",
        'checks.silence = [["a"], {}]',
        "bindings = 5",
    ],
)
def test_machines_get_json_of_anything(run: Run, tmp_path: Path, toml: str) -> None:
    """Also of what JSON has no word for."""
    (tmp_path / "inkcre.toml").write_text(toml)
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles/x.toml").write_text("extends = 2020-01-01\n")
    for arguments in (["config", "show"], ["config", "check"], ["profiles"], ["plan"]):
        done = run(*arguments, "--format", "json")
        assert "Traceback" not in done.stderr
        assert "NaN" not in done.stdout
        json.loads(done.stdout or done.stderr)


def test_secrets_are_shown_on_a_terminal_only(run: Run, tmp_path: Path) -> None:
    """A pipe may be kept; a terminal shows what was asked for."""
    environ = {"INKCRE_DATABASE__URL": URL, "INKCRE_PROFILE": "server"}
    refused = run("config", "show", "--show-secrets", **environ)
    assert refused.returncode == 78
    assert "error[not_a_terminal]" in refused.stderr
    assert refused.stdout == ""
    shown, status = on_a_terminal(tmp_path, "config", "show", "--show-secrets", **environ)
    assert (status, URL in shown) == (0, True)
    masked, _ = on_a_terminal(tmp_path, "config", "show", **environ)
    assert "hunter2" not in masked


def test_diagnostics_have_colours_on_a_terminal(tmp_path: Path, run: Run) -> None:
    """And none in a pipe, or where NO_COLOR says so."""
    wrong = ("config", "show", "--set", "http.port=six")
    shown, status = on_a_terminal(tmp_path, *wrong)
    assert status == 78
    assert "\x1b[1;31merror[int_parsing]\x1b[0m" in shown
    assert "\x1b[" not in on_a_terminal(tmp_path, *wrong, NO_COLOR="1")[0]
    assert "\x1b[" not in run(*wrong).stderr
    assert "\x1b[" in run(*wrong, NO_COLOR="", FORCE_COLOR="1").stderr


def test_explain_says_all_about_a_setting(run: Run, tmp_path: Path) -> None:
    """The value, its origin, and what it hides."""
    (tmp_path / "inkcre.toml").write_text("[http]\nport = 9000\n")
    done = run("config", "explain", "http.port", INKCRE_HTTP__PORT="1")
    assert done.stdout == (
        "http.port = 1\n"
        "  The TCP port that a process listens on; 0 takes a free one.\n"
        "\n"
        "  from      INKCRE_HTTP__PORT (environment)\n"
        "  hides     9000  from inkcre.toml:2:1 (inkcre.toml)\n"
        "            8000  from default\n"
        "  type      a whole number\n"
        "  allowed   at least 0, at most 65535\n"
        "  default   8000\n"
        "  variable  INKCRE_HTTP__PORT\n"
    )
    data = json.loads(run("config", "explain", "http.port", "--format", "json").stdout)
    assert data["holds"]["value"] == "9000"


def test_unknown_key_is_said_with_its_nearest(run: Run) -> None:
    """Status 78."""
    done = run("config", "explain", "http.prot")
    assert done.returncode == 78
    assert "did you mean http.port" in done.stderr


def test_diff_is_of_values_and_assembly(run: Run) -> None:
    """And an unknown profile is an error."""
    done = run("config", "diff", "dev", "workers")
    assert done.returncode == 0
    assert "    - sqlite" in done.stdout
    assert "assembly:" in done.stdout
    assert run("config", "diff", "dev", "wrokers").returncode == 78


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        ((), 0),
        (("--deploy",), 0),
        (("--deploy", "--fail-level", "warning"), 78),
        (("--deploy", "--profile", "workers"), 78),
        (("--set", "http.port=six"), 78),
        (("--profile", "wrokers"), 78),
        (("--deploy", "--fail-level", "warning", "--set", 'checks.silence=["INK202","INK213"]'), 0),
    ],
)
def test_check_fails_by_level(run: Run, arguments: tuple[str, ...], status: int) -> None:
    """Errors fail; warnings where they are asked to; silenced ones never."""
    done = run("config", "check", *arguments)
    assert done.returncode == status, done.stdout
    assert done.stderr == ""


def test_hint_about_a_resource_leads_out_of_its_error(run: Run) -> None:
    """What the check says to run makes the check quiet."""
    import re

    said = run("config", "check", "--deploy", "-p", "workers").stdout
    commands = re.findall(r"then `inkcre (.*?)`", said)
    assert len(commands) == 2
    for command in commands:
        assert run(*command.replace(" ID ", f" {'0' * 32} ").split()).returncode == 0
    assert "INK210" not in run("config", "check", "--deploy", "-p", "workers").stdout


def test_check_writes_annotations_for_github(run: Run, tmp_path: Path) -> None:
    """With file and line, and the file's name as the repository knows it."""
    (tmp_path / "inkcre.toml").write_text("[http]\nport = 'six'\n")
    done = run("config", "check", "--format", "github")
    assert done.stdout.startswith(
        "::error title=int_parsing%3A http.port,file=inkcre.toml,line=2,col=8,endColumn=13::"
    )


def test_check_asks_the_database_for_its_limit(run: Run, postgres_url: str) -> None:
    """The server of the tests takes 200 connections, less those of its superusers."""
    environ = {"INKCRE_PROFILE": "server", "INKCRE_DATABASE__URL": postgres_url}
    done = run("config", "check", "--deploy", "--set", "database.pool.size=150", **environ)
    assert "error[INK211]" in done.stdout
    assert "2 replicas may open 310 connections, and the database takes 197" in done.stdout
    assert "INK211" not in run("config", "check", "--deploy", **environ).stdout
    away = {**environ, "INKCRE_DATABASE__URL": "postgresql://u@127.0.0.1:1/d"}
    assert "INK211" not in run("config", "check", "--deploy", **away).stdout


def test_set_and_unset_change_one_line(run: Run, tmp_path: Path) -> None:
    """And say which file they changed."""
    config = tmp_path / "inkcre.toml"
    config.write_text("[http] # web\nport = 1 # one\n")
    assert run("config", "set", "http.port", "2").stdout == "changed inkcre.toml\n"
    assert config.read_text() == "[http] # web\nport = 2 # one\n"
    assert run("config", "set", "http.port", "2").stdout == "nothing to change in inkcre.toml\n"
    done = run("config", "set", "storage.kind", "s3", "storage.bucket", "inkcre-files")
    assert done.returncode == 0
    run("config", "unset", "http.port")
    assert config.read_text().startswith("[http] # web\n# one\n")
    assert run("config", "set", "http.port").returncode == 2


def test_refused_value_leaves_the_file(run: Run, tmp_path: Path) -> None:
    """The diagnostic quotes the line that would have been."""
    config = tmp_path / "inkcre.toml"
    config.write_text("[http]\nport = 1\n")
    done = run("config", "set", "http.port", "six")
    assert done.returncode == 78
    assert ' 2 | port = "six"' in done.stderr
    assert config.read_text() == "[http]\nport = 1\n"


def test_edit_leads_to_inkcre_toml_from_below(run: Run, tmp_path: Path) -> None:
    """The file that counts is the one that is changed."""
    (tmp_path / "inkcre.toml").write_text("")
    (tmp_path / "inner").mkdir()
    done = subprocess.run(
        [COMMAND, "config", "set", "http.port", "2"],
        cwd=tmp_path / "inner", env=clean_environ(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.startswith("changed /")
    assert (tmp_path / "inkcre.toml").read_text() == "\n[http]\nport = 2\n".lstrip("\n")
    assert list((tmp_path / "inner").iterdir()) == []


def test_init_starts_a_folder(run: Run, tmp_path: Path) -> None:
    """Then a profile, which can be chosen at once; never over what is there."""
    done = run("init")
    assert done.stdout.splitlines()[0] == "wrote inkcre.toml"
    assert run("init").returncode == 78
    made = run("profiles", "new", "staging", "--extends", "dev")
    assert made.stdout == "wrote profiles/staging.toml\n"
    assert "staging  " in run("profiles").stdout
    assert run("plan", "--profile", "staging").returncode == 0
    assert run("profiles", "new", "staging", "--extends", "dev").returncode == 78
    assert run("profiles", "new", "x", "--extends", "srver").returncode == 78
    assert run("config", "check").stdout == "profile dev: no problem in the settings\n"


def test_schema_is_printed_or_written(run: Run, tmp_path: Path) -> None:
    """For both kinds of file."""
    for name in ("inkcre", "profile"):
        assert json.loads(run("config", "schema", name).stdout)["additionalProperties"] is False
    assert run("config", "schema", "--write").stdout.count("wrote .inkcre/") == 2
    assert run("config", "schema", "--write").stdout == "the schemas are up to date\n"


def test_explain_knows_codes(run: Run) -> None:
    """In any spelling; an unknown one is an error with the nearest."""
    assert run("explain", "[int_parsing]").stdout.startswith("int_parsing\n\nA whole number")
    assert run("explain", "ink204").stdout.startswith("INK204\n")
    done = run("explain", "int_parsin")
    assert done.returncode == 78
    assert "did you mean int_parsing?" in done.stderr


def test_plan_works_while_the_settings_are_wrong(run: Run) -> None:
    """What would be assembled, then what is wrong."""
    done = run("plan", "--profile", "server")
    assert done.returncode == 78
    assert "database: postgres  (chosen by " in done.stdout
    assert "error[missing]: database.url" in done.stderr


def test_log_has_the_plan_at_debug_level(tmp_path: Path) -> None:
    """What was assembled, at the start."""
    from tests.cli.test_run import running

    with running(tmp_path, "--set", "logging.level=debug") as (_, process):
        process.terminate()
        _, said = process.communicate(timeout=20)
    assert "assembled:\nprofile  dev" in said
    assert "database: sqlite  (chosen by" in said


def test_deleted_working_folder_is_said(tmp_path: Path) -> None:
    """One error, no traceback."""
    gone = tmp_path / "gone"
    gone.mkdir()
    done = subprocess.run(
        ["sh", "-c", f"cd {gone} && rmdir {gone} && exec {COMMAND} config show"],
        env=clean_environ(), capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 78
    assert done.stderr.startswith("error[no_working_folder]")
