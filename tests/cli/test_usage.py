"""How the command is typed, rightly and wrongly, and what it says then."""

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2 as httpx
import pytest

from inkcre.app import create_app
from inkcre.core import INKCRE
from inkcre.sections.schema import schema_of
from inkcre.settings.descriptions import leaf_schema
from inkcre.sources.registry import find_source_types
from inkcre.wording import PATTERNS
from tests.cli.conftest import COMMAND, Run, clean_environ

NOTE = '{"block": {"resolver": "text", "content": "a note"}}'


@pytest.mark.parametrize(
    "words", ["", "export", "sources", "sources list", "config set", "jobs run", "files put"]
)
def test_h_is_help(run: Run, words: str) -> None:
    """Of every command and group, the same as --help."""
    long, short = (run(*words.split(), option) for option in ("--help", "-h"))
    assert (short.returncode, short.stdout) == (0, long.stdout)
    assert "-h, --help" in short.stdout


def test_quiet_leaves_only_what_was_asked_for(run: Run, tmp_path: Path) -> None:
    """No summary, no confirmation; lists, exports and errors are there."""
    (tmp_path / "a.txt").write_text("text")
    for words in (
        ["import", "-"],
        ["files", "put", "a.txt"],
        ["config", "set", "http.port", "8001"],
        ["sources", "add", "rss", "url=https://example.com/feed"],
        ["export", "out.ndjson"],
        ["files", "get", "1", "got"],
        ["migrate"],
    ):
        done = run("--quiet", *words, stdin=NOTE)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), words
    assert run("-q", "sources", "list").stdout == run("sources", "list").stdout != ""
    assert "error[not_found]" in run("-q", "files", "get", "99", "x").stderr
    assert "--quiet here (it stands before the command)" in run("export", "-", "--quiet").stderr


def test_shells_complete_commands(run: Run, tmp_path: Path) -> None:
    """By a script that is shown, or written where the shell looks."""
    script = run("--show-completion", "bash", SHELL="/bin/bash")
    assert (script.returncode, "_INKCRE_COMPLETE" in script.stdout) == (0, True), script.stderr
    asked = {
        "_INKCRE_COMPLETE": "complete_bash",
        "COMP_WORDS": "inkcre sources e",
        "COMP_CWORD": "2",
    }
    assert run(**asked).stdout.split() == ["edit", "export"]
    done = run("--install-completion", "bash", SHELL="/bin/bash", HOME=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.rglob("inkcre.sh"))


@contextmanager
def served(
    folder: Path, *options: str, **environ: str
) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Serve at a free port that --port names; give the address when it answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [COMMAND, "run", "--host", "127.0.0.1", "--port", str(port), *options],
            cwd=folder, env=clean_environ(**environ), stderr=log, stdout=log, text=True,
        )  # fmt: skip
    try:
        wait_for(f"http://127.0.0.1:{port}/heartbeat", process)
        yield f"http://127.0.0.1:{port}", process
    finally:
        process.terminate()
        process.wait(30)


def wait_for(url: str, process: subprocess.Popen[str], profile: str | None = None) -> None:
    """Wait until an address answers, for a profile if one is named."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if profile in (None, httpx.get(url).json()["profile"]):
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise AssertionError(f"{url} does not answer")


def test_host_and_port_hold_over_the_settings(tmp_path: Path) -> None:
    """Whatever the settings file says."""
    (tmp_path / "inkcre.toml").write_text('[http]\nhost = "192.0.2.1"\nport = 1\n')
    with served(tmp_path) as (base, _):
        assert httpx.get(f"{base}/heartbeat").status_code == 200


def test_workers_share_one_address(tmp_path: Path, postgres_url: str) -> None:
    """As many processes as asked; one that is killed is replaced, and all end with the first."""
    environ = {"INKCRE_DATABASE__URL": postgres_url}
    with served(tmp_path, "-p", "server", "--workers", "2", **environ) as (base, process):
        first = children_of(process)
        assert len(first) == 2
        os.kill(min(first), signal.SIGKILL)
        deadline = time.monotonic() + 60
        while len(children_of(process) - {min(first)}) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        wait_for(f"{base}/heartbeat", process)
        alive = children_of(process)
        process.terminate()
        assert process.wait(30) == 0
    assert all(not Path(f"/proc/{child}").exists() for child in alive)
    assert "Traceback" not in (tmp_path / "log").read_text()


def children_of(process: subprocess.Popen[str]) -> set[int]:
    """Return the ids of the processes that one has started."""
    tasks = Path(f"/proc/{process.pid}/task").glob("*/children")
    return {int(word) for path in tasks for word in path.read_text().split()}


def test_reload_begins_anew_when_a_setting_changes(tmp_path: Path) -> None:
    """What is wrong in between is told, and mended by the next change."""
    config = tmp_path / "inkcre.toml"
    config.write_text('profile = "dev"\n')
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles/mine.toml").write_text('extends = "dev"\n')
    with served(tmp_path, "--reload") as (base, process):
        config.write_text("profile = \n")
        deadline = time.monotonic() + 60
        while "error[toml_syntax]" not in (tmp_path / "log").read_text():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        config.write_text('profile = "mine"\n')
        wait_for(f"{base}/heartbeat", process, "mine")


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        ("run -p 9001", 2, "-p names a profile; a port is given as --port 9001"),
        ("run --port 9 --set http.port=8", 2, "--port and --set http.port are both given"),
        ("run --workers 2 --reload", 2, "--reload and --workers cannot be combined"),
        ("run --workers 2", 78, 'error[cannot_share]: database.kind: "sqlite" is for one process'),
        ("run --host 999.1.1.1", 78, "help: http.host is an address of this machine"),
        ("run --host 192.0.2.1", 78, "help: http.host is an address of this machine"),
        ("build --check", 78, "build/workers: is not there; nothing was built"),
        ("config set http.port -1", 2, "behind --, and options before that: -- KEY -1"),
        ("sources add rss url=nowhere", 1, "Input should be an http or https address"),
    ],
)  # fmt: skip
def test_wrong_use_gets_the_right_words(run: Run, words: str, status: int, said: str) -> None:
    """One error, and what to do instead."""
    done = run(*shlex.split(words))
    assert (done.returncode, "Traceback" in done.stderr) == (status, False)
    assert said in done.stderr


def test_value_that_begins_with_a_dash_is_taken_behind_two(run: Run, tmp_path: Path) -> None:
    """As the error says."""
    done = run("config", "set", "-p", "server", "--", "database.pool.recycle_seconds", "-1")
    assert done.returncode == 0, done.stderr
    assert "recycle_seconds = -1" in (tmp_path / "inkcre.toml").read_text()


def test_wrong_value_is_explained_as_wrong(run: Run) -> None:
    """To people and to machines, and by the status."""
    done = run("config", "explain", "http.port", INKCRE_HTTP__PORT="abc")
    assert done.returncode == 78
    assert "  wrong     input should be a valid integer" in done.stdout
    said = run("config", "explain", "http.port", "--format", "json", INKCRE_HTTP__PORT="abc")
    assert len(json.loads(said.stdout)["problems"]) == 1
    assert run("config", "explain", "http.port").returncode == 0


def test_variable_of_another_name_or_profile_is_told_as_that(run: Run) -> None:
    """What was meant, or which two ways there are."""
    assert "did you mean INKCRE_PROFILE?" in run("config", "check", INKCRE_ENV="prod").stderr + (
        run("config", "check", INKCRE_ENV="prod").stdout
    )
    done = run("config", "check", INKCRE_DATABASE__URL="postgresql://u@h/d")
    assert "write INKCRE_PROFILE=server, or `unset INKCRE_DATABASE__URL`" in done.stdout
    assert run("config", "check", INKCRE_LOGGING__LEVEL="DEBUG").returncode == 0


@pytest.mark.parametrize("words", [["config", "show"], ["plan"], ["-h"], ["export", "-"]])
def test_full_disk_is_one_error(tmp_path: Path, words: list[str]) -> None:
    """Not a stack trace, and not silence."""
    subprocess.run([COMMAND, "import", "-"], cwd=tmp_path, env=clean_environ(), input=NOTE, text=True, check=True)  # fmt: skip
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [COMMAND, *words], cwd=tmp_path, env=clean_environ(), stdout=full,
            stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 73
    lines = [line for line in done.stderr.splitlines() if line.startswith("error")]
    assert len(lines) == 1
    assert "no space left on device" in lines[0]
    assert "Traceback" not in done.stderr


def find_patterns(value: object) -> Iterator[str]:
    """Yield all patterns in a JSON Schema or a description of an API."""
    if isinstance(value, dict):
        if isinstance(value.get("pattern"), str):
            yield value["pattern"]
        value = list(value.values())
    for inner in value if isinstance(value, list) else ():
        yield from find_patterns(inner)


def test_every_pattern_has_words() -> None:
    """Of the settings, the sources and the API: nobody is shown a regular expression."""
    overrides = {"database.path": ":memory:", "sources.folders": ["/"]}
    app = create_app(profile="dev", overrides=overrides, environ={})
    found = list(find_patterns(app.openapi()))
    for _, node in schema_of(INKCRE).root.walk_leaves():
        found += find_patterns(leaf_schema(node))
    types = find_source_types(app.state.components.settings)
    for name in types.names():
        found += find_patterns(types.load(name).config_model.model_json_schema())
    assert len(set(found)) > 8
    assert set(found) <= set(PATTERNS)
    assert not any(re.search(r"[\^\\]|\[0", words) for words in PATTERNS.values())
