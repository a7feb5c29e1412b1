"""Files that commands write: what takes their place, and what nothing takes the place of."""

import errno
import os
import pty
import stat
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from inkcre.replacement import replace_content
from tests.cli.conftest import COMMAND, Run, clean_environ, run_command

WRITERS = {
    "export": (["export"], b'"a note"'),
    "files get": (["files", "get", "1"], b"a note"),
    "sources export": (["sources", "export"], b"<opml"),
}
"""What writes to a FILE, and a part of what it writes."""

each_writer = pytest.mark.parametrize("writer", WRITERS)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a base with a note and a feed."""
    folder = tmp_path_factory.mktemp("base")
    note = '{"block": {"resolver": "text", "content": "a note"}}'
    assert run_command(folder, "import", "-", stdin=note).returncode == 0
    feed = run_command(folder, "sources", "add", "rss", "url=https://example.com/feed")
    assert feed.returncode == 0, feed.stderr
    return folder


def write(base: Path, writer: str, target: Path | str) -> None:
    """Let a command write to a target that it may write to."""
    done = run_command(base, *WRITERS[writer][0], str(target))
    assert done.returncode == 0, done.stderr
    assert done.stdout == "" or str(target) in ("-", "/dev/stdout", "/dev/fd/1")


def names(folder: Path) -> set[str]:
    """Return all names in a folder."""
    return {path.name for path in folder.iterdir()}


@each_writer
def test_new_file_has_the_rights_of_the_umask(base: Path, writer: str, tmp_path: Path) -> None:
    """And nothing is beside it."""
    mask = os.umask(0)
    os.umask(mask)
    write(base, writer, tmp_path / "new")
    assert WRITERS[writer][1] in (tmp_path / "new").read_bytes()
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o666 & ~mask
    assert names(tmp_path) == {"new"}


@each_writer
def test_file_that_is_there_keeps_mode_owner_and_attributes(
    base: Path, writer: str, tmp_path: Path
) -> None:
    """It may hold a private base, and somebody else may be meant to read it."""
    path = tmp_path / "private"
    path.write_text("old")
    path.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(path, 12, 34)
    has_attributes = set_attribute(path)
    before = path.stat()
    write(base, writer, path)
    after = path.stat()
    assert WRITERS[writer][1] in path.read_bytes()
    assert (after.st_mode, after.st_uid, after.st_gid) == (
        before.st_mode,
        before.st_uid,
        before.st_gid,
    )
    assert after.st_ino != before.st_ino
    assert not has_attributes or os.getxattr(path, "user.of") == b"somebody"


def set_attribute(path: Path) -> bool:
    """Give a file an extended attribute, where its file system has such."""
    try:
        os.setxattr(path, "user.of", b"somebody")
    except OSError:
        return False
    return True


@each_writer
@pytest.mark.parametrize("is_there", [True, False])
def test_link_is_followed(base: Path, writer: str, is_there: bool, tmp_path: Path) -> None:
    """It stays a link, be there something at its end already or not."""
    (tmp_path / "aim").mkdir()
    aim = tmp_path / "aim" / "file"
    if is_there:
        aim.write_text("old")
        aim.chmod(0o600)
    (tmp_path / "link").symlink_to("aim/file")
    write(base, writer, tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert WRITERS[writer][1] in aim.read_bytes()
    assert not is_there or stat.S_IMODE(aim.stat().st_mode) == 0o600
    assert (names(tmp_path), names(aim.parent)) == ({"aim", "link"}, {"file"})


@contextmanager
def reading(path: Path) -> Iterator[Callable[[], bytes]]:
    """Read a pipe in a thread; give what gives what was read."""
    read: list[bytes] = []
    thread = threading.Thread(target=lambda: read.append(path.read_bytes()))
    thread.start()

    def wait() -> bytes:
        thread.join(60)
        return read[0]

    yield wait


@each_writer
def test_pipe_is_written_to(base: Path, writer: str, tmp_path: Path) -> None:
    """What reads it gets all, and it is a pipe still."""
    os.mkfifo(tmp_path / "pipe")
    with reading(tmp_path / "pipe") as wait:
        write(base, writer, tmp_path / "pipe")
        assert WRITERS[writer][1] in wait()
    assert (tmp_path / "pipe").is_fifo()
    assert names(tmp_path) == {"pipe"}


@each_writer
def test_device_is_written_to(base: Path, writer: str, tmp_path: Path) -> None:
    """It is the device still: another one than the machine's, or a terminal that nobody else has."""
    node = tmp_path / "node"
    terminals: tuple[int, ...] = ()
    try:
        os.mknod(node, stat.S_IFCHR | 0o666, os.makedev(1, 3))
        os.close(os.open(node, os.O_WRONLY))
    except OSError:
        node.unlink(missing_ok=True)
        terminals = pty.openpty()
        node = Path(os.ttyname(terminals[1]))
    before = node.stat()
    write(base, writer, node)
    assert (node.stat().st_mode, node.stat().st_rdev) == (before.st_mode, before.st_rdev)
    assert node.is_char_device()
    if terminals:
        assert os.read(terminals[0], 1024)
    for handle in terminals:
        os.close(handle)


@each_writer
@pytest.mark.parametrize("name", ["-", "/dev/stdout", "/dev/fd/1"])
@pytest.mark.parametrize("is_file", [True, False])
def test_standard_output_is_what_it_is(
    base: Path, writer: str, name: str, is_file: bool, tmp_path: Path
) -> None:
    """Be it a pipe or a file: what was written before stays, and what comes after follows."""
    command = [COMMAND, *WRITERS[writer][0], name]
    if not is_file:
        done = run_command(base, *WRITERS[writer][0], name)
        assert done.returncode == 0, done.stderr
        assert WRITERS[writer][1] in done.stdout.encode()
        return
    with (tmp_path / "out").open("wb") as out:
        for _ in range(2):
            subprocess.run(command, cwd=base, env=clean_environ(), stdout=out, check=True)
    assert (tmp_path / "out").read_bytes().count(WRITERS[writer][1]) == 2
    assert Path("/dev/stdout").is_symlink()


@each_writer
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("nowhere/x", "no such file or directory"),
        ("folder", "is a directory"),
        ("file/x", "not a directory"),
        ("loop", "too many levels of symbolic links"),
    ],
)
def test_what_cannot_be_written_is_told_as_that(
    base: Path, writer: str, name: str, reason: str, tmp_path: Path
) -> None:
    """Not as something that cannot be read; and what is there stays."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("old")
    (tmp_path / "loop").symlink_to("loop")
    done = run_command(base, *WRITERS[writer][0], str(tmp_path / name))
    assert done.returncode == 73
    assert f"error[unwritable_output]: {tmp_path / name}: {reason}\n" in done.stderr
    assert "= help: " in done.stderr
    assert names(tmp_path) == {"folder", "file", "loop"}


def test_content_that_breaks_off_changes_nothing(tmp_path: Path) -> None:
    """Nor is anything left beside the file."""

    def chunks() -> Iterator[bytes]:
        yield b"new"
        raise KeyboardInterrupt

    (tmp_path / "file").write_text("old")
    with pytest.raises(KeyboardInterrupt):
        replace_content(tmp_path / "file", chunks())
    assert (tmp_path / "file").read_text() == "old"
    assert names(tmp_path) == {"file"}


@pytest.mark.parametrize("folder", ["its own", "none"])
def test_file_that_nothing_can_be_moved_over_is_written_in_place(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one that is mounted by itself, in a folder that may take nothing else or may."""

    def refuse(self: Path, target: Path) -> None:
        raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), str(target))

    path = tmp_path / "file"
    path.write_text("something old, and longer")
    path.chmod(0o600)
    before = path.stat()
    monkeypatch.setattr(Path, "replace", refuse)
    if folder == "none":
        make = replace_content.__globals__["tempfile"].mkstemp

        def mkstemp(prefix: str, dir: Path | None = None) -> tuple[int, str]:  # noqa: A002
            if dir is not None:
                raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(dir))
            made: tuple[int, str] = make(prefix=prefix)
            return made

        monkeypatch.setattr("tempfile.mkstemp", mkstemp)
    assert not replace_content(path, [b"new"])
    assert path.read_bytes() == b"new"
    assert (path.stat().st_ino, path.stat().st_mode) == (before.st_ino, before.st_mode)
    assert names(tmp_path) == {"file"}


def test_risk_of_a_file_that_is_mounted_is_told(run: Run, tmp_path: Path) -> None:
    """On a real mount, where one may be made; and where not, in a folder that takes nothing else."""
    config = tmp_path / "inkcre.toml"
    config.write_text("[http]\nport = 8001 # mine\n")
    assert run("config", "schema", "--write").returncode == 0
    script = f"{COMMAND} config set http.port 9000 && {COMMAND} export --force inkcre.toml"
    mount = "mount --bind inkcre.toml inkcre.toml"
    assert run("migrate").returncode == 0
    inside = ["unshare", "--mount", "--map-root-user", "sh", "-c"]
    may_mount = subprocess.run([*inside, mount], cwd=tmp_path, check=False).returncode == 0
    if not may_mount:
        tmp_path.chmod(0o555)
    command = [*inside, f"{mount} && {script}"] if may_mount else ["sh", "-c", script]
    inode = config.stat().st_ino
    done = subprocess.run(
        command, cwd=tmp_path, env=clean_environ(), capture_output=True, text=True, check=False
    )
    tmp_path.chmod(0o755)
    assert done.returncode == 0, done.stderr
    if may_mount or os.geteuid():
        risk = "inkcre.toml was written over where it stands"
        assert (done.stdout.count(risk), done.stderr.count(risk)) == (1, 1)
        assert config.stat().st_ino == inode
