"""The artifact: what is in it, what is not, and that it can be made again."""

import fnmatch
import functools
import hashlib
import http.server
import json
import os
import re
import socket
import sys
import threading
import tomllib
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from inkcre.edge.artifact.builder import Artifact, build_artifact
from inkcre.edge.artifact.folder import ForeignFolder, compare_folder, write_folder
from inkcre.edge.artifact.lock import LockedPackage, lock_file, read_lock
from inkcre.edge.artifact.modules import collect_modules
from inkcre.edge.artifact.unused import RULES, prune
from inkcre.edge.artifact.wheels import NoWheel, WrongHash, fetch_wheels, read_wheel
from inkcre.edge.artifact.wrangler import describe_worker, merge_configuration, placeholders
from inkcre.edge.tools import tools_folder
from inkcre.errors import Unavailable, Unsupported
from inkcre.sections.schema import inspect_settings
from inkcre.settings.files import CannotWrite
from tests.cli.conftest import run_command as inkcre
from tests.conftest import ROOT
from tests.edge.homes import D1
from tests.schemas import SCHEMA

PACKAGES = read_lock(lock_file().read_text())
WHEELS = tools_folder() / "wheels"
IDS = {"bindings.HYPERDRIVE.id": "h1", "bindings.KV.id": "k1"}


def build(folder: Path | None, **overrides: Any) -> Artifact:
    """Build an artifact in memory."""
    found = inspect_settings("workers", overrides=overrides, environ={}, folder=folder)
    assert found.settings is not None, found.problems
    return build_artifact(
        found.settings,
        found.leaves(),
        entry=(ROOT / "worker.py").read_bytes(),
        packages=PACKAGES,
        wheels=fetch_wheels(PACKAGES, WHEELS),
        wrangler={},
    )


@functools.cache
def plain() -> Artifact:
    """Return the artifact of the profile as it is."""
    return build(None)


def test_configuration_says_what_the_settings_say(tmp_path: Path) -> None:
    """Name, date, flags, logs, crons, variables, bindings with their ids, secrets."""
    artifact = build(
        tmp_path,
        **IDS,
        **{"workers.name": "mine", "workers.crons": ["*/5 * * * mon"], "workers.limits.cpu_ms": 50},
    )
    written = json.loads(artifact.files["wrangler.jsonc"])
    assert written == artifact.configuration
    assert written["name"] == "mine"
    assert written["main"] == "src/worker.py"
    assert written["compatibility_date"] == "2026-09-08"
    assert written["compatibility_flags"] == ["python_workers"]
    assert written["observability"] == {"enabled": True}
    assert written["triggers"] == {"crons": ["*/5 * * * mon"]}
    assert written["limits"] == {"cpu_ms": 50}
    assert written["vars"] == {"INKCRE_PROFILE": "workers"}
    assert written["secrets"] == {"required": []}
    assert written["hyperdrive"] == [{"binding": "HYPERDRIVE", "id": "h1"}]
    assert written["kv_namespaces"] == [{"binding": "KV", "id": "k1"}]
    assert written["r2_buckets"] == [{"binding": "FILES", "bucket_name": "inkcre-files"}]
    assert "d1_databases" not in written
    assert placeholders(written) == []


def test_binding_without_id_has_a_placeholder_that_is_named() -> None:
    """So that nobody deploys it by mistake, and everybody knows what to write where."""
    artifact = plain()
    assert placeholders(artifact.configuration) == ["HYPERDRIVE", "KV"]
    assert b"write-the-id-into-bindings.HYPERDRIVE.id" in artifact.files["wrangler.jsonc"]


def test_secrets_of_the_model_are_required_and_not_given() -> None:
    """Their names are in the configuration; wrangler refuses to deploy without them."""
    workers = inspect_settings("workers", environ={}, folder=Path("/"))
    assert workers.settings is not None
    other = inspect_settings(
        "server",
        environ={"INKCRE_DATABASE__URL": "postgresql://u:PLANTED@h/d"},
        folder=Path("/"),
    )
    described = describe_worker(SCHEMA, workers.settings, other.leaves())
    assert described["secrets"] == {"required": ["INKCRE_DATABASE__URL"]}
    assert "PLANTED" not in json.dumps(described)


def test_d1_brings_its_migrations(tmp_path: Path) -> None:
    """One file a revision, in order, with no transaction of its own: D1 refuses BEGIN."""
    artifact = build(tmp_path, **D1)
    names = [path for path in artifact.files if path.startswith("migrations/")]
    framework, base = (
        sorted(path.stem for path in (ROOT / "migrations" / line).glob("[0-9]*.py"))
        for line in ("framework", "base")
    )
    assert names == [
        *(f"migrations/0000_framework_{stem}.sql" for stem in framework),
        *(f"migrations/{stem}.sql" for stem in base),
    ]
    sql = b"".join(artifact.files[name] for name in names)
    assert b"CREATE TABLE blocks" in sql
    assert not re.search(rb"^(BEGIN|COMMIT)", sql, flags=re.MULTILINE)
    assert artifact.configuration["d1_databases"] == [
        {
            "binding": "DB",
            "database_name": "inkcre",
            "database_id": "local",
            "migrations_dir": "migrations",
        }
    ]
    assert "hyperdrive" not in artifact.configuration
    assert not [path for path in plain().files if path.startswith("migrations/")]


def test_only_our_modules_that_a_worker_needs_are_in_it() -> None:
    """Nothing of processes, of the command line, of building; one database of four."""
    files = set(plain().files)
    ours = {path.removeprefix("src/") for path in files if path.startswith("src/inkcre/")}
    assert {"inkcre/app.py", "inkcre/edge/entry.py", "inkcre/graph/graphs.py"} <= ours
    assert "inkcre/adapters/database/hyperdrive.py" in ours
    for other in (
        "cli/",
        "serve",
        "doctor",
        "testing",
        "artifact",
        "local/",
        "sqlite",
        "d1",
        "s3",
    ):
        assert not [path for path in ours if other in path], other
    assert not [path for path in files if path.endswith((".pyc", ".pyi"))]
    assert not [path for path in files if "mysql" in path or "/testing/" in path]


def test_entry_that_names_an_unknown_module_is_left_to_python() -> None:
    """Only ours are collected; a name inside a module is no module."""
    found = collect_modules(
        "import os\nfrom inkcre.errors import NotFound\n", adapters=[], parts=()
    )
    assert list(found) == ["inkcre/__init__.py", "inkcre/errors.py"]


def test_settings_are_resolved(tmp_path: Path) -> None:
    """The profile, the user's file and the variables, as one file that loads to the same."""
    (tmp_path / "inkcre.toml").write_text('[app]\ntitle = "Mine"\n[workers]\nname = "mine"\n')
    artifact = build(tmp_path, **{"http.max_body_bytes": 5000, **IDS})
    profile = tomllib.loads(artifact.files["src/profiles/workers.toml"].decode())
    assert profile["app"]["title"] == "Mine"
    assert profile["http"]["max_body_bytes"] == 5000
    assert "extends" not in profile
    folder = tmp_path / "made"
    write_folder(artifact.files, folder)
    again = inspect_settings(environ={}, folder=folder / "src")
    assert again.profile == "workers"
    assert again.settings is not None
    assert again.settings.app.title == "Mine"


def test_same_inputs_give_the_same_bytes(tmp_path: Path) -> None:
    """In another folder, another process, another hash seed, another time zone."""
    digests = []
    for number, seed in enumerate(("0", "1", "random")):
        folder = tmp_path / str(number) / "somewhere"
        folder.mkdir(parents=True)
        done = inkcre(folder, "build", PYTHONHASHSEED=seed, TZ=f"UTC+{number}")
        assert done.returncode == 0, done.stderr
        digests.append(digest_of(folder / "build" / "workers"))
    assert len(set(digests)) == 1


def digest_of(folder: Path) -> str:
    """Return a digest of every path and byte under a folder."""
    state = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            state.update(f"{path.relative_to(folder)}\0{path.stat().st_size}\0".encode())
            state.update(path.read_bytes())
    return state.hexdigest()


def test_no_secret_is_in_it(tmp_path: Path) -> None:
    """Planted in every source that there is; found nowhere in the folder or in the output."""
    planted = "pLaNtEd-7f3a"
    address = f"postgresql://user:{planted}@host/base"
    (tmp_path / "inkcre.toml").write_text(
        f'[profiles.server.database]\nurl = "{address}"\n[workers]\nname = "safe"\n'
    )
    (tmp_path / ".env").write_text(f"OTHER={planted}\nAWS_SECRET_ACCESS_KEY={planted}\n")
    (tmp_path / ".dev.vars").write_text(f"TOKEN={planted}\n")
    secrets = tmp_path / "credentials"
    secrets.mkdir()
    (secrets / "other").write_text(planted)
    done = inkcre(
        tmp_path,
        "build",
        CREDENTIALS_DIRECTORY=str(secrets),
        CLOUDFLARE_API_TOKEN=planted,
        CLOUDFLARE_HYPERDRIVE_LOCAL_CONNECTION_STRING_HYPERDRIVE=address,
        PGPASSWORD=planted,
    )
    assert done.returncode == 0, done.stderr
    assert planted not in done.stdout + done.stderr
    folder = tmp_path / "build" / "workers"
    assert b'name = "safe"' in (folder / "src" / "profiles" / "workers.toml").read_bytes()
    found = [
        path
        for path in folder.rglob("*")
        if path.is_file() and planted.encode() in path.read_bytes()
    ]
    assert found == []
    for variable in ("DB_CONN_STRING", "INKCRE_DATABASE__URL"):
        refused = inkcre(tmp_path, "build", **{variable: address})
        assert refused.returncode == 78
        assert planted not in refused.stdout + refused.stderr


def test_table_of_sizes_is_printed(tmp_path: Path) -> None:
    """By package, with what was pruned, the sum, and the limit."""
    done = inkcre(tmp_path, "build")
    assert done.returncode == 0
    assert re.search(r"^sqlalchemy \S+ +[\d,]+ +[\d,]+$", done.stdout, flags=re.MULTILINE)
    assert re.search(r"^in all +[\d,]+ +[\d,]+$", done.stdout, flags=re.MULTILINE)
    assert re.search(r"^limit +65,536$", done.stdout, flags=re.MULTILINE)
    assert "KV has no id yet" in done.stdout
    machine = json.loads(inkcre(tmp_path, "build", "--format", "json").stdout)
    assert machine["bytes"] < 0.7 * 19.5 * 2**20 < machine["limit"]
    assert {package["name"] for package in machine["packages"]} == {p.name for p in PACKAGES}


def test_check_fails_when_the_artifact_is_stale(tmp_path: Path) -> None:
    """Absent, changed, missing a file, with one too many, or made from other settings."""
    out = tmp_path / "build" / "workers"
    assert inkcre(tmp_path, "build", "--check").returncode == 78
    assert not out.exists()
    assert inkcre(tmp_path, "build").returncode == 0
    assert inkcre(tmp_path, "build", "--check").returncode == 0
    (out / "src" / "extra.py").write_text("")
    done = inkcre(tmp_path, "build", "--check")
    assert done.returncode == 78
    assert "error[stale_artifact]" in done.stderr
    assert "src/extra.py" in done.stderr
    (out / "src" / "extra.py").unlink()
    assert inkcre(tmp_path, "build", "--check", "--set", "app.title=Other").returncode == 78
    assert inkcre(tmp_path, "build", "--check").returncode == 0


def test_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    """A folder with anything in it that is no artifact; a file."""
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "wrangler.jsonc").write_text("{}")
    (folder / "src").mkdir()
    (folder / "src" / "index.ts").write_text("// a Worker of somebody's")
    with pytest.raises(ForeignFolder):
        write_folder({"a": b""}, folder)
    assert sorted(path.name for path in folder.rglob("*")) == ["index.ts", "src", "wrangler.jsonc"]
    (tmp_path / "file").write_text("x")
    with pytest.raises(ForeignFolder):
        write_folder({"a": b""}, tmp_path / "file")
    with pytest.raises(CannotWrite):
        write_folder({"a": b""}, tmp_path / "file" / "below")


def test_local_state_outlives_a_build(tmp_path: Path) -> None:
    """What a developer wrote into the local D1 is theirs."""
    files = {"wrangler.jsonc": b"{}", "src/a.py": b"1"}
    folder = tmp_path / "artifact"
    write_folder(files, folder)
    (folder / ".wrangler" / "state").mkdir(parents=True)
    (folder / ".wrangler" / "state" / "base").write_text("mine")
    write_folder({**files, "src/a.py": b"2"}, folder)
    assert (folder / ".wrangler" / "state" / "base").read_text() == "mine"
    assert (folder / "src" / "a.py").read_bytes() == b"2"
    assert compare_folder({**files, "src/a.py": b"2"}, folder) == []
    link = tmp_path / "link"
    link.symlink_to(folder)
    write_folder(files, link)
    assert link.is_symlink()
    assert (folder / ".wrangler" / "state" / "base").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["artifact", "link"]


def test_folder_is_whole_when_it_cannot_be_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old one stays, with the local state in it."""
    folder = tmp_path / "artifact"
    write_folder({"a": b"old"}, folder)
    (folder / ".wrangler").mkdir()
    rename = Path.rename

    def fail(self: Path, target: Path) -> Path:
        if self.name == "new":
            raise OSError(28, "No space left on device")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(CannotWrite, match="no space left"):
        write_folder({"a": b"new"}, folder)
    assert (folder / "a").read_bytes() == b"old"
    assert (folder / ".wrangler").is_dir()
    assert [path.name for path in tmp_path.iterdir()] == ["artifact"]


THEIRS = """
{
  // my own
  "name": "my-worker",
  "main": "other.py",
  "compatibility_date": "2024-10-01",
  "compatibility_flags": ["nodejs_compat"],
  "account_id": "abc",
  "vars": {"MINE": "yes", "INKCRE_APP__TITLE": "Theirs", "INKCRE_PROFILE": "dev"},
  "build": {"command": "make"},
  "env": {"staging": {"main": "x.py", "vars": {"A": "b"}}},
  "kv_namespaces": [
    {"binding": "KV", "id": "their-kv", "preview_id": "p"},
    {"binding": "CACHE", "id": "other"},
  ],
  "hyperdrive": [
    {"binding": "HYPERDRIVE", "id": "their-hd", "localConnectionString": "postgresql://u:pLaNtEd@h/d"}
  ],
  "routes": ["example.org/*"],
  "triggers": {"crons": ["0 3 * * *"]},
}
"""


def test_configuration_of_the_users_is_merged_by_binding(tmp_path: Path) -> None:
    """Nothing of theirs is lost, and what the artifact decides stays; the file is not touched."""
    file = tmp_path / "wrangler.jsonc"
    file.write_text(THEIRS)
    done = inkcre(tmp_path, "build")
    assert done.returncode == 0, done.stderr
    assert "merged with wrangler.jsonc; not main" in done.stdout
    assert "has no id yet" not in done.stdout
    assert file.read_text() == THEIRS
    merged = json.loads((tmp_path / "build" / "workers" / "wrangler.jsonc").read_text())
    assert merged["name"] == "my-worker"
    assert merged["main"] == "src/worker.py"
    assert merged["compatibility_date"] == "2026-09-08"
    assert merged["compatibility_flags"] == ["python_workers", "nodejs_compat"]
    assert merged["account_id"] == "abc"
    assert merged["vars"] == {
        "INKCRE_PROFILE": "workers",
        "MINE": "yes",
        "INKCRE_APP__TITLE": "Theirs",
    }
    assert merged["kv_namespaces"] == [
        {"binding": "KV", "id": "their-kv", "preview_id": "p"},
        {"binding": "CACHE", "id": "other"},
    ]
    assert merged["hyperdrive"] == [{"binding": "HYPERDRIVE", "id": "their-hd"}]
    assert merged["r2_buckets"] == [{"binding": "FILES", "bucket_name": "inkcre-files"}]
    assert merged["routes"] == ["example.org/*"]
    assert merged["triggers"]["crons"] == ["0 3 * * *"]
    assert merged["env"] == {"staging": {"vars": {"A": "b"}}}
    assert "build" not in merged
    assert "pLaNtEd" not in json.dumps(merged)


@pytest.mark.parametrize(
    "text",
    [
        '[vars]\nDB_CONN_STRING = "postgresql://u:pLaNtEd@h/d"\n',
        '[env.staging.vars]\nINKCRE_DATABASE__URL = "postgresql://u:pLaNtEd@h/d"\n',
    ],
)
def test_secret_among_the_variables_is_refused(tmp_path: Path, text: str) -> None:
    """It would be in the artifact; its value is not shown."""
    (tmp_path / "wrangler.toml").write_text(text)
    done = inkcre(tmp_path, "build")
    assert done.returncode == 78
    assert "error[secret_in_configuration]: vars." in done.stderr
    assert "pLaNtEd" not in done.stderr
    assert not (tmp_path / "build").exists()


def test_dates_of_toml_are_text(tmp_path: Path) -> None:
    """JSON has none."""
    (tmp_path / "wrangler.toml").write_text("[vars]\nSINCE = 2024-01-01\n")
    assert inkcre(tmp_path, "build").returncode == 0
    merged = json.loads((tmp_path / "build" / "workers" / "wrangler.jsonc").read_text())
    assert merged["vars"]["SINCE"] == "2024-01-01"


def test_binding_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """D1 was chosen and no D1 defined: nothing would answer. One of the user's own counts."""
    done = inkcre(tmp_path, "build", "--set", "database.kind=d1")
    assert done.returncode == 78
    assert "error[INK207]: database.binding" in done.stderr
    (tmp_path / "wrangler.toml").write_text(
        '[[d1_databases]]\nbinding = "DB"\ndatabase_name = "x"\ndatabase_id = "y"\n'
    )
    assert inkcre(tmp_path, "build", "--set", "database.kind=d1").returncode == 0


def test_scheduler_that_is_off_takes_the_crons_away(tmp_path: Path) -> None:
    """Left out, those of the last deployment would go on firing."""
    artifact = build(tmp_path, **{"scheduler.kind": "off"})
    assert artifact.configuration["triggers"] == {"crons": []}


def test_other_bindings_are_described_too(tmp_path: Path) -> None:
    """What an extension may use; but not what has no id and no user."""
    more = {"bindings.AI.type": "ai", "bindings.Q.type": "queue", "bindings.Q.queue": "q"}
    configuration = build(tmp_path, **D1, **more).configuration
    assert configuration["ai"] == {"binding": "AI"}
    assert configuration["queues"] == {"producers": [{"binding": "Q", "queue": "q"}]}
    assert "hyperdrive" not in configuration


def test_merging_twice_changes_nothing_more() -> None:
    """The merge of a merge is the merge."""
    import json5

    ours = {"main": "a", "kv_namespaces": [{"binding": "KV", "id": "x"}], "vars": {"A": "1"}}
    once = merge_configuration(ours, json5.loads(THEIRS))
    assert merge_configuration(ours, once) == once


@pytest.mark.parametrize(
    ("name", "text"),
    [("wrangler.jsonc", "{"), ("wrangler.json", "[]"), ("wrangler.toml", "a = "), ("wrangler.toml", b"\xff")],
)  # fmt: skip
def test_configuration_that_cannot_be_read_is_an_error(
    tmp_path: Path, name: str, text: str | bytes
) -> None:
    """Said with the file's name; nothing is built."""
    (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    done = inkcre(tmp_path, "build")
    assert done.returncode == 78
    assert f"error[unreadable_wrangler_configuration]: {name}" in done.stderr
    assert not (tmp_path / "build").exists()


def test_toml_configuration_is_merged_too(tmp_path: Path) -> None:
    """The form that the former version used."""
    (tmp_path / "wrangler.toml").write_text(
        'name = "old"\n[[kv_namespaces]]\nbinding = "KV"\nid = "k"\n'
    )
    assert inkcre(tmp_path, "build").returncode == 0
    merged = json.loads((tmp_path / "build" / "workers" / "wrangler.jsonc").read_text())
    assert merged["name"] == "old"
    assert merged["kv_namespaces"] == [{"binding": "KV", "id": "k"}]


def test_unknown_profile_is_refused(tmp_path: Path) -> None:
    """Chosen by a variable too: nothing else is built in its place."""
    done = inkcre(tmp_path, "build", INKCRE_PROFILE="nope")
    assert done.returncode == 78
    assert "error[unknown_profile]" in done.stderr


def test_artifact_lies_beside_the_settings(tmp_path: Path) -> None:
    """Also when the command is given in a folder below."""
    (tmp_path / "inkcre.toml").write_text("")
    below = tmp_path / "below"
    below.mkdir()
    done = inkcre(below, "build")
    assert done.returncode == 0
    assert "profile workers" in done.stdout
    assert (tmp_path / "build" / "workers" / "wrangler.jsonc").is_file()
    assert list(below.iterdir()) == []


def test_profile_for_a_process_is_refused(tmp_path: Path) -> None:
    """It needs no artifact; and without a choice the profile is workers."""
    done = inkcre(tmp_path, "build", "--profile", "server", INKCRE_DATABASE__URL="postgresql://h/d")
    assert done.returncode == 78
    assert "error[wrong_build_target]: profile server" in done.stderr
    assert inkcre(tmp_path, "build", INKCRE_PROFILE="dev").returncode == 0
    assert inkcre(tmp_path, "build", CF_WORKER="true").returncode == 0


@pytest.mark.parametrize("overrides", [(), [f"--set={k}={v}" for k, v in D1.items()]], ids=["hyperdrive", "d1"])  # fmt: skip
def test_wrangler_accepts_the_artifact(tmp_path: Path, overrides: tuple[str, ...]) -> None:
    """Cloudflare's own tool, all but the upload: it lists what it would send."""
    done = inkcre(tmp_path, "deploy", "--dry-run", *overrides)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "--dry-run: exiting now." in done.stdout
    assert "inkcre/edge/entry.py" in done.stdout
    assert "profiles/workers.toml" in done.stdout
    assert "env.FILES (inkcre-files)" in done.stdout
    assert "tests/" not in done.stdout
    total = re.search(r"Total Upload: ([\d.]+) KiB", done.stdout)
    assert total
    assert float(total[1]) < 0.7 * 19.5 * 1024


def test_deploy_stops_when_an_id_is_missing(tmp_path: Path) -> None:
    """Before anything is uploaded, with the command that makes the resource."""
    done = inkcre(tmp_path, "deploy")
    assert done.returncode == 78
    assert "error[INK210]: bindings.KV.id" in done.stderr
    assert "npx wrangler kv namespace create KV" in done.stderr
    assert "Total Upload" not in done.stdout


class Index(http.server.SimpleHTTPRequestHandler):
    """A package index on loopback: https://peps.python.org/pep-0503/."""

    def log_message(self, *_: object) -> None:
        """Tell nothing."""


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return the folder of an index that pip asks instead of the world's."""
    folder = tmp_path / "index"
    folder.mkdir()
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0),
        lambda *a: Index(*a, directory=str(folder)),
    )
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{server.server_port}/")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    for name in ("PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS"):
        monkeypatch.delenv(name, raising=False)
    yield folder
    server.shutdown()
    thread.join()
    server.server_close()


def publish(index: Path, name: str, *tags: str) -> LockedPackage:
    """Put wheels of a package on the index; give its entry in a lock."""
    (index / name).mkdir()
    hashes = set()
    for tag in tags:
        path = index / name / f"{name}-1.0-{tag}.whl"
        with zipfile.ZipFile(path, "w") as wheel:
            wheel.writestr(f"{name}/__init__.py", f"# {tag}\n")
            wheel.writestr(f"{name}-1.0.data/purelib/{name}_extra.py", "")
            wheel.writestr(f"{name}-1.0.data/scripts/{name}", "")
            wheel.writestr(
                f"{name}-1.0.dist-info/METADATA", f"Name: {name}\nVersion: 1.0\n\nLong.\n"
            )
            wheel.writestr(f"{name}-1.0.dist-info/WHEEL", f"Wheel-Version: 1.0\nTag: {tag}\n")
            wheel.writestr(f"{name}-1.0.dist-info/RECORD", "")
        hashes.add(hashlib.sha256(path.read_bytes()).hexdigest())
    links = "".join(f'<a href="{p.name}">{p.name}</a>' for p in sorted((index / name).iterdir()))
    (index / name / "index.html").write_text(links)
    return LockedPackage(name, "1.0", frozenset(hashes), ("inkcre (pyproject.toml)", "other"))


PURE, NATIVE = "py3-none-any", "cp314-cp314-pyemscripten_2026_0_wasm32"
LINUX = "cp314-cp314-manylinux_2_28_x86_64"


def test_wheel_for_the_target_is_taken(index: Path, tmp_path: Path) -> None:
    """Of several files the one that Pyodide can load; a second time nothing is fetched."""
    package = publish(index, "several", LINUX, NATIVE)
    found = fetch_wheels([package], tmp_path / "wheels")
    assert found["several"].name.endswith(f"{NATIVE}.whl")
    (index / "several" / "index.html").unlink()
    assert fetch_wheels([package], tmp_path / "wheels") == found
    files = prune(read_wheel(found["several"]))
    assert files["several-1.0.dist-info/METADATA"] == b"Name: several\nVersion: 1.0\n"
    assert set(files) == {
        "several/__init__.py", "several_extra.py", "several-1.0.dist-info/METADATA",
    }  # fmt: skip


def test_package_without_a_wheel_is_named_with_who_requires_it(index: Path, tmp_path: Path) -> None:
    """Pure Python beside it is fetched all the same."""
    packages = [publish(index, "pure", PURE), publish(index, "native", LINUX)]
    with pytest.raises(NoWheel) as caught:
        fetch_wheels(packages, tmp_path / "wheels")
    assert "native 1.0" in caught.value.message
    assert "required by inkcre (pyproject.toml) and other" in caught.value.message


def test_wheel_with_another_hash_is_refused(index: Path, tmp_path: Path) -> None:
    """What the lock does not know is not taken."""
    package = replace(publish(index, "changed", PURE), hashes=frozenset({"0" * 64}))
    with pytest.raises(WrongHash, match="changed"):
        fetch_wheels([package], tmp_path / "wheels")


def test_wheel_for_another_machine_is_not_taken(index: Path, tmp_path: Path) -> None:
    """A folder may hold those of the host too, by whatever name the hashes come first."""
    package = publish(index, "several", LINUX, PURE, NATIVE)
    (tmp_path / "wheels").mkdir()
    for path in (index / "several").glob("*.whl"):
        (tmp_path / "wheels" / path.name).write_bytes(path.read_bytes())
    found = fetch_wheels([package], tmp_path / "wheels")
    assert found["several"].name.endswith(f"{NATIVE}.whl")


@pytest.mark.parametrize(
    ("tag", "is_taken"),
    [
        ("cp314-cp314-pyemscripten_2026_0_wasm32", True),
        ("cp314-abi3-pyemscripten_2026_0_wasm32", True),
        ("cp310-abi3-pyemscripten_2026_0_wasm32", True),
        ("py2.py3-none-any", True),
        ("cp313-cp313-pyemscripten_2026_0_wasm32", False),
        ("cp314-cp314t-pyemscripten_2026_0_wasm32", False),
        ("cp314-cp314-pyemscripten_2025_0_wasm32", False),
        ("py2-none-any", False),
    ],
)
def test_wheel_is_taken_by_its_tags(
    index: Path, tmp_path: Path, tag: str, *, is_taken: bool
) -> None:
    """One for another Python, another ABI or an older Pyodide is named, and not uploaded."""
    package = publish(index, "several", tag)
    (tmp_path / "wheels").mkdir()
    (path,) = (index / "several").glob("*.whl")
    (tmp_path / "wheels" / path.name).write_bytes(path.read_bytes())
    if is_taken:
        assert fetch_wheels([package], tmp_path / "wheels")["several"].name == path.name
    else:
        with pytest.raises(NoWheel):
            fetch_wheels([package], tmp_path / "wheels")


def test_missing_package_is_named_with_its_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever installed without the extra is told which one it is."""
    monkeypatch.setitem(sys.modules, "packaging.utils", None)
    with pytest.raises(Unsupported, match="packaging") as caught:
        fetch_wheels([], tmp_path / "wheels")
    assert caught.value.hint == "install inkcre[edge]"


def test_index_that_is_away_is_unavailable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not mistaken for a package without a wheel."""
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:1/")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_RETRIES", "1")
    package = LockedPackage("absent", "1.0", frozenset({"0" * 64}), ())
    with pytest.raises(Unavailable):
        fetch_wheels([package], tmp_path / "wheels")


def test_lock_is_complete_and_says_who_requires_what() -> None:
    """Every package has a version, hashes, and somebody who asks for it; no index is named."""
    text = lock_file().read_text()
    assert len(PACKAGES) == len(re.findall(r"^\S+==", text, flags=re.MULTILINE)) > 15
    for package in PACKAGES:
        assert package.hashes
        assert package.required_by, package
        assert not {"|", "#", "via"} & set(package.required_by)
    assert {"fastapi", "pg8000", "workers-runtime-sdk"} <= {p.name for p in PACKAGES}
    assert "http" not in text


def test_every_rule_of_pruning_leaves_something_out() -> None:
    """A rule that matches nothing any more is to be deleted."""
    wheels = fetch_wheels(PACKAGES, WHEELS)
    paths = [path for package in PACKAGES for path in read_wheel(wheels[package.name])]
    for rule in RULES:
        for pattern in rule.patterns:
            if pattern.startswith(("*/", "*.", "bin/")):
                continue
            assert fnmatch.filter(paths, pattern), (rule.why, pattern)


def test_no_package_is_left_out_of_the_artifact() -> None:
    """Each still has its information: versions are asked for at import."""
    files = plain().files
    for package in PACKAGES:
        name = package.name.replace("-", "_")
        assert f"python_modules/{name}-{package.version}.dist-info/METADATA" in files


def test_artifact_is_of_this_version() -> None:
    """The version that the API tells is the package's."""
    from importlib.metadata import version

    path = f"src/inkcre-{version('inkcre')}.dist-info/METADATA"
    assert f"Version: {version('inkcre')}".encode() in plain().files[path]


def test_dev_says_what_it_needs(tmp_path: Path) -> None:
    """Without --edge it leads to run; on Hyperdrive it asks for a database."""
    assert "inkcre run" in inkcre(tmp_path, "dev").stderr
    for address in ("wrong", "mysql://a@b/c", "postgresql://h/d"):
        refused = inkcre(tmp_path, "dev", "--edge", "--port", "0", "--postgres", address)
        assert refused.returncode == 2
        assert "--postgres: write postgresql://" in refused.stderr
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        refused = inkcre(tmp_path, "dev", "--edge", "--port", port)
        assert "error[cannot_serve]" in refused.stderr
    done = inkcre(tmp_path, "dev", "--edge")
    assert done.returncode == 2
    assert "--postgres" in done.stderr
