"""Changing inkcre.toml: checked first, written whole, nothing lost."""

import multiprocessing
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from inkcre.settings import files
from inkcre.settings.edits import set_settings, unset_setting
from inkcre.settings.files import CannotWrite, create_file, replace_file
from inkcre.settings.report import SettingsError
from tests.schemas import SCHEMA
from tests.settings.cases import load_here as load_settings
from tests.settings.test_loading import as_nobody

CONFIG = Path("inkcre.toml")
TEXT = '# mine\nprofile = "dev"\n\n[http]\nport = 1 # one\n'


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> Path:
    """Work in a folder with a settings file."""
    CONFIG.write_text(TEXT)
    return tmp_path


def codes(error: SettingsError) -> list[str]:
    """Name the problems."""
    return [problem.code for problem in error.diagnostics]


@pytest.mark.parametrize(
    ("key", "text", "line"),
    [
        ("http.port", "9000", "port = 9000 # one"),
        ("http.host", "::1", 'host = "::1"'),
        ("app.title", "5", 'title = "5"'),
        ("app.docs", "no", "docs = false"),
        ("database.busy_timeout_seconds", "2.5", "busy_timeout_seconds = 2.5"),
        ("workers.compatibility_date", "2026-12-01", "compatibility_date = 2026-12-01"),
        ("checks.silence", '["INK202", "INK203"]', 'silence = ["INK202", "INK203"]'),
        ("storage.path", "elsewhere", 'path = "elsewhere"'),
        ("scheduler.kind", "off", 'kind = "off"'),
        ("sources.folders", '["/a", "b"]', 'folders = ["/a", "b"]'),
    ],
)
def test_text_becomes_the_settings_type(key: str, text: str, line: str) -> None:
    """A number is written as a number, a list as a list, text as text."""
    set_settings(SCHEMA, {key: text})
    assert line in CONFIG.read_text().splitlines()
    assert load_settings(environ={}).profile == "dev"


def test_several_are_set_together_or_not_at_all() -> None:
    """A kind and what it needs, which neither could be set alone."""
    for values in ({"storage.kind": "s3"}, {"storage.bucket": "inkcre-files"}):
        with pytest.raises(SettingsError):
            set_settings(SCHEMA, values)
    assert CONFIG.read_text() == TEXT
    set_settings(SCHEMA, {"storage.kind": "s3", "storage.bucket": "inkcre-files"})
    assert CONFIG.read_text() == f'{TEXT}\n[storage]\nkind = "s3"\nbucket = "inkcre-files"\n'


def test_one_profile_may_be_meant() -> None:
    """Its own table is written, and only it is different."""
    set_settings(SCHEMA, {"logging.level": "debug"}, "workers")
    assert CONFIG.read_text().endswith('\n[profiles.workers.logging]\nlevel = "debug"\n')
    assert load_settings("workers", environ={}).logging.level == "debug"
    assert load_settings("dev", environ={}).logging.level == "info"
    unset_setting(SCHEMA, "logging.level", "workers")
    assert load_settings("workers", environ={}).logging.level == "info"


@pytest.mark.parametrize(
    ("key", "text", "code"),
    [
        ("http.port", "six", "int_parsing"),
        ("http.port", "70000", "less_than_equal"),
        ("http.prot", "1", "extra_forbidden"),
        ("http", "1", "is_a_table"),
        ("bindings", "1", "is_a_table"),
        ("database.kind", "postgress", "union_tag_invalid"),
        ("database.kind", "d1", "forbidden_on_target"),
        ("keyvalue.binding", "KV", "extra_forbidden"),
        ("checks.silence", "INK1", "string_pattern_mismatch"),
        ("profile", "wrokers", "unknown_profile"),
        ("database.url", "postgresql://h/d", "secret_in_file"),
        ("app.title", "\ud800", "wrong_value"),
    ],
)
def test_value_that_would_break_the_settings_is_refused(key: str, text: str, code: str) -> None:
    """The diagnostic says why, and the file is untouched."""
    before = CONFIG.stat()
    with pytest.raises(SettingsError) as caught:
        set_settings(SCHEMA, {key: text})
    assert code in codes(caught.value)
    assert CONFIG.read_text() == TEXT
    assert CONFIG.stat().st_mtime_ns == before.st_mtime_ns


def test_refusal_quotes_the_line_that_would_have_been() -> None:
    """The place is where the value would stand."""
    with pytest.raises(SettingsError) as caught:
        set_settings(SCHEMA, {"http.port": "six"})
    assert 'inkcre.toml:5:8\n   |\n 5 | port = "six"' in str(caught.value)


def test_wrong_value_is_refused_though_something_hides_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would come to light when the variable is gone."""
    monkeypatch.setenv("INKCRE_HTTP__PORT", "9000")
    with pytest.raises(SettingsError) as caught:
        set_settings(SCHEMA, {"http.port": "six"})
    assert codes(caught.value) == ["int_parsing"]
    assert set_settings(SCHEMA, {"http.port": "7"}).notes == (
        "INKCRE_HTTP__PORT is stronger, and holds",
    )
    Path(".env").write_text("INKCRE_HTTP__WORKER_THREADS=3\n")
    with pytest.raises(SettingsError) as caught:
        set_settings(SCHEMA, {"http.worker_threads": "many"})
    assert codes(caught.value) == ["wrong_value"]
    monkeypatch.setenv("INKCRE_DATABASE__BUSY_TIMEOUT_SECONDS", "5")
    with pytest.raises(SettingsError):
        set_settings(SCHEMA, {"database.busy_timeout_seconds": "inf"})
    monkeypatch.setenv("INKCRE_PROFILE", "dev")
    with pytest.raises(SettingsError) as caught:
        set_settings(SCHEMA, {"profile": "nosuch"})
    assert codes(caught.value) == ["unknown_profile"]


def test_overlay_that_hides_a_change_is_named() -> None:
    """Something in the same file may be stronger."""
    CONFIG.write_text("[profiles.dev.http]\nport = 2\n")
    assert set_settings(SCHEMA, {"http.port": "5"}).notes == (
        "inkcre.toml:2:1 is stronger, and holds",
    )
    assert unset_setting(SCHEMA, "http.port").notes == ("inkcre.toml:2:1 is stronger, and holds",)
    assert unset_setting(SCHEMA, "http.port", "dev").notes == ()


def test_profiles_that_a_change_makes_wrong_are_named() -> None:
    """A change for all is refused for the chosen one's sake only."""
    notes = set_settings(SCHEMA, {"keyvalue.kind": "memory", "storage.kind": "filesystem"}).notes
    said = "profile workers has 2 problems more by this: `inkcre config check --profile workers`"
    assert notes == (said,)
    assert set_settings(SCHEMA, {"logging.level": "debug"}).notes == ()


@pytest.mark.parametrize("text", ["[null]", '{"a": null}', '["\\ud800"]', "[[[", "[1e400]"])
def test_list_that_no_file_can_say_is_refused(text: str) -> None:
    """Null, half of a surrogate pair, what is not JSON."""
    with pytest.raises(SettingsError):
        set_settings(SCHEMA, {"checks.silence": text})
    with pytest.raises(SettingsError):
        set_settings(SCHEMA, {"http.cors.allow_origins": text})
    assert CONFIG.read_text() == TEXT


def test_file_with_no_number_can_be_changed() -> None:
    """Not a number is not even equal to itself."""
    CONFIG.write_text("[database]\nbusy_timeout_seconds = nan\n")
    set_settings(SCHEMA, {"http.port": "5"})
    assert CONFIG.read_text().endswith("[http]\nport = 5\n")


@pytest.mark.parametrize("kind", ["folder", "loop", "pipe", "device"])
def test_what_is_no_file_is_not_written_to(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither read without end nor replaced."""
    CONFIG.unlink()
    if kind == "folder":
        CONFIG.mkdir()
    elif kind == "loop":
        CONFIG.symlink_to(CONFIG)
    elif kind == "pipe":
        os.mkfifo(CONFIG)
    else:
        monkeypatch.setenv("INKCRE_CONFIG", "/dev/zero")
    with pytest.raises(SettingsError) as caught:
        set_settings(SCHEMA, {"http.port": "2"})
    assert codes(caught.value) == ["unreadable_file"]


def test_group_is_kept_or_nothing_is_written(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the file cannot be given back to its group, it stays as it was."""

    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "fchown", refuse)
    with pytest.raises(CannotWrite, match="operation not permitted"):
        replace_file(folder / CONFIG, b"")
    assert CONFIG.read_text() == TEXT
    assert [p.name for p in Path().iterdir()] == ["inkcre.toml"]


def test_file_that_may_only_be_read_is_not_replaced(folder: Path) -> None:
    """Its folder's rights would allow it; its own do not, for its owner or for another."""
    CONFIG.chmod(0o444)
    with pytest.raises(CannotWrite, match="may be read and not written"):
        set_settings(SCHEMA, {"http.port": "2"})
    CONFIG.chmod(0o644)
    folder.chmod(0o777)
    if os.geteuid() == 0:
        with as_nobody(folder), pytest.raises(CannotWrite, match="may be read and not written"):
            replace_file(folder / CONFIG, b"new")
    assert CONFIG.read_text() == TEXT


def test_settings_that_are_wrong_already_can_be_mended_one_by_one() -> None:
    """A change is refused for what it breaks, not for what was broken."""
    CONFIG.write_text("[http]\nport = 'x'\nworker_threads = 'y'\n")
    set_settings(SCHEMA, {"http.port": "1"})
    with pytest.raises(SettingsError):
        set_settings(SCHEMA, {"app.docs": "perhaps"})
    unset_setting(SCHEMA, "http.worker_threads")
    assert load_settings(environ={}).http.port == 1


def test_missing_secret_is_no_obstacle() -> None:
    """Secrets are not in files, so a file is not wrong for want of one; a note says so."""
    changed = set_settings(SCHEMA, {"profile": "server"})
    assert "INKCRE_DATABASE__URL" in changed.notes[0]
    set_settings(SCHEMA, {"database.pool.size": "20"}, "server")


def test_file_that_is_no_toml_is_not_touched() -> None:
    """The syntax error is the answer."""
    CONFIG.write_text("[http\nport = 1\n")
    with pytest.raises(SettingsError) as caught:
        set_settings(SCHEMA, {"http.port": "2"})
    assert codes(caught.value) == ["toml_syntax"]
    assert CONFIG.read_text() == "[http\nport = 1\n"


def test_unset_says_where_the_value_is_from() -> None:
    """What is not in the file cannot be taken out of it."""
    with pytest.raises(SettingsError) as caught:
        unset_setting(SCHEMA, "database.path")
    assert "what holds is from " in str(caught.value)
    assert "dev.toml:7:1" in str(caught.value)


def test_unset_is_refused_where_the_settings_need_it() -> None:
    """A kind without what it needs."""
    set_settings(SCHEMA, {"storage.kind": "s3", "storage.bucket": "inkcre-files"})
    before = CONFIG.read_text()
    with pytest.raises(SettingsError) as caught:
        unset_setting(SCHEMA, "storage.bucket")
    assert codes(caught.value) == ["missing"]
    assert CONFIG.read_text() == before


def test_file_is_made_where_there_is_none() -> None:
    """With the line that editors look for, and the schemas that it names."""
    CONFIG.unlink()
    set_settings(SCHEMA, {"http.port": "9000"})
    assert CONFIG.read_text() == "#:schema .inkcre/inkcre.schema.json\n\n[http]\nport = 9000\n"
    assert Path(".inkcre/inkcre.schema.json").exists()


def test_rights_and_links_stay() -> None:
    """A file that others may not read stays so; a link still leads to the file."""
    real = Path("real.toml")
    CONFIG.rename(real)
    real.chmod(0o640)
    CONFIG.symlink_to(real)
    set_settings(SCHEMA, {"http.port": "2"})
    assert CONFIG.is_symlink()
    assert "port = 2 # one" in real.read_text()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert sorted(p.name for p in Path().iterdir()) == ["inkcre.toml", "real.toml"]


def test_same_value_again_changes_nothing() -> None:
    """Not even the time of the file."""
    before = CONFIG.stat()
    assert not set_settings(SCHEMA, {"http.port": "1"}).is_different
    assert CONFIG.stat().st_mtime_ns == before.st_mtime_ns


def set_one(number: int) -> None:
    """Set the id of one binding, as a process of its own."""
    name = f"bindings.KV{number}"
    set_settings(SCHEMA, {f"{name}.type": "kv", f"{name}.id": f"{number:032x}"})


def test_edits_at_once_lose_none() -> None:
    """Four processes write the same file, sixteen times; every edit is in it."""
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        pool.map(set_one, range(16))
    bindings = load_settings(environ={}).bindings
    assert {b.id for b in bindings.values()} == {f"{n:032x}" for n in range(16)}  # type: ignore[union-attr]
    assert CONFIG.read_text().startswith(TEXT)


def test_writer_that_fails_leaves_the_file_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the disk says no, there is the old file and nothing beside it."""

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(CannotWrite, match="no space left on device"):
        set_settings(SCHEMA, {"http.port": "2"})
    assert [p.name for p in Path().iterdir()] == ["inkcre.toml"]
    assert CONFIG.read_text() == TEXT


def test_killed_writer_leaves_the_old_file_or_the_new_one(folder: Path) -> None:
    """Killed with -9 between any two steps of the writing, the file is whole."""
    program = (
        "import os, sys\n"
        "from inkcre.settings import files\n"
        "step = sys.argv[1]\n"
        "def die(*a, **k): os.kill(os.getpid(), 9)\n"
        "if step == 'replace': files.Path.replace = die\n"
        "else: setattr(os, step, die)\n"
        "files.replace_file(files.Path('inkcre.toml').absolute(), b'new = 1\\n')\n"
    )
    for step in ("fchmod", "fsync", "replace"):
        done = subprocess.run([sys.executable, "-c", program, step], cwd=folder, check=False)
        assert done.returncode == -9
        assert CONFIG.read_text() == TEXT
    replace_file(CONFIG.absolute(), b"new = 1\n")
    assert CONFIG.read_bytes() == b"new = 1\n"


def test_folder_that_may_not_be_written_to_is_said(folder: Path) -> None:
    """For a user who may read it: one error, the file as it was, nothing beside it."""
    CONFIG.chmod(0o666)
    folder.chmod(0o555)
    with as_nobody(folder), pytest.raises(CannotWrite, match="permission denied"):
        replace_file(folder / CONFIG, b"new")
    folder.chmod(0o755)
    assert CONFIG.read_text() == TEXT
    assert [p.name for p in Path().iterdir()] == ["inkcre.toml"]


def test_created_file_never_replaces_another() -> None:
    """What is there stays; what cannot be made is said."""
    with pytest.raises(CannotWrite, match="is there already"):
        create_file(CONFIG, "x")
    with pytest.raises(CannotWrite, match="not a directory"):
        create_file(CONFIG / "below" / "it", "x")
    Path("dangling").symlink_to("nowhere")
    with pytest.raises(CannotWrite, match="is there already"):
        create_file(Path("dangling"), "x")


def test_folder_that_is_gone_cannot_be_locked(folder: Path) -> None:
    """One error, with a remedy."""
    with pytest.raises(CannotWrite, match="no such file or directory"), files.locked(folder / "no"):
        pass


def test_what_cannot_be_edited_is_said() -> None:
    """The file has something else there."""
    CONFIG.write_text("http = 5\n")
    with pytest.raises(SettingsError) as caught:
        set_settings(SCHEMA, {"http.port": "2"})
    assert codes(caught.value) == ["not_editable"]
    assert "error[not_editable]: inkcre.toml: http is not a table there" in str(caught.value)
