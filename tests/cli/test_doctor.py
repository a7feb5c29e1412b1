"""The examination, well and ill."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from moto.server import ThreadedMotoServer

from inkcre.process import doctor, probes
from inkcre.sections.schema import inspect_settings
from tests.cli.conftest import Run
from tests.conftest import new_postgres_database
from tests.pages import serve_pages
from tests.stores import serve_rclone

NAMES = [
    "settings",
    "parts",
    "database",
    "schema",
    "clock",
    "jobs",
    "storage",
    "keyvalue",
    "scheduler",
    "files",
]


def examine(run: Run, *arguments: str, **environ: str) -> tuple[dict[str, Any], int]:
    """Run the examination for machines; give its probes by name, and its status."""
    done = run("doctor", "--format", "json", *arguments, **environ)
    assert "Traceback" not in done.stderr, done.stderr
    made = json.loads(done.stdout)
    assert made["healthy"] is (done.returncode == 0)
    return {probe["name"]: probe for probe in made["probes"]}, done.returncode


def test_laptop_without_a_base_is_told_so(run: Run, tmp_path: Path) -> None:
    """With the path and the profile: the folder may be the wrong one. None is made; all else is well."""
    probes, status = examine(run)
    assert status == 1
    extras = [f"extra {name}" for name in ("local", "postgres", "pg8000", "pdf", "zstd", "edge")]
    assert list(probes) == [*NAMES, "sources", *extras]
    assert probes["sources"]["detail"] == "inbox, rss, webpage: all that they import is there"
    assert probes["database"]["detail"] == (
        "database.path: there is no base at data/inkcre.sqlite3, of profile dev"
    )
    assert "run `inkcre migrate`" in probes["database"]["help"]
    assert [name for name, probe in probes.items() if probe["status"] == "failed"] == ["database"]
    assert list(tmp_path.iterdir()) == []
    run("migrate")
    probes, status = examine(run)
    assert status == 0
    assert re.fullmatch(r"SQLite 3\.\d+\.\d+ answers", probes["database"]["detail"])
    assert "as this version needs" in probes["schema"]["detail"]
    assert probes["clock"]["status"] == "skipped"


def test_text_has_a_mark_a_time_and_a_remedy(run: Run) -> None:
    """A line each, a tick or a cross, what to do below a cross."""
    done = run("doctor", "--profile", "server")
    assert done.returncode == 78
    assert "✗ settings" in done.stdout
    assert "help: run `inkcre config check --profile server`" in done.stdout
    assert re.search(r"✓ extra local .*\(\d+ ms\)", done.stdout)
    assert done.stdout.endswith("something is wrong\n")
    plain = run("doctor", PYTHONIOENCODING="ascii")
    assert plain.stdout.startswith("profile dev, target process\n\n+ settings")


def test_server_is_examined_in_all_its_parts(run: Run, postgres_url: str) -> None:
    """Version, schema, clock, and a round trip through files and values."""
    environ = {"INKCRE_PROFILE": "server", "INKCRE_DATABASE__URL": postgres_url}
    probes, status = examine(run, **environ)
    assert status == 0, probes
    assert re.fullmatch(r"PostgreSQL 18\.\d+ answers", probes["database"]["detail"])
    assert probes["clock"]["status"] == "ok"
    assert probes["keyvalue"]["detail"] == "database: kept, read back and forgotten"
    assert all(probe["milliseconds"] > 0 for probe in probes.values() if probe["status"] == "ok")


def test_schema_that_is_behind_is_said(run: Run) -> None:
    """With the command; what needs it fails with the same remedy, the rest goes on."""
    environ = {"INKCRE_PROFILE": "server", "INKCRE_DATABASE__URL": new_postgres_database()}
    probes, status = examine(run, **environ)
    assert status == 1
    assert probes["schema"]["help"] == probes["keyvalue"]["help"] == "run `inkcre migrate`"
    assert probes["database"]["status"] == probes["storage"]["status"] == "ok"


def test_database_that_is_away_is_said(run: Run) -> None:
    """What depends on it is not tried in vain."""
    url = "postgresql://u@127.0.0.1:1/d"
    probes, status = examine(run, INKCRE_PROFILE="server", INKCRE_DATABASE__URL=url)
    assert status == 1
    assert probes["database"]["detail"] == "database: no answer from the server"
    assert probes["database"]["help"] == (
        "check that the server runs, and that database.url names it"
    )
    for name in ("schema", "clock", "jobs", "keyvalue"):
        assert probes[name]["status"] == "skipped"
    assert probes["storage"]["status"] == "ok"


def test_places_that_cannot_be_used_are_said(run: Run, tmp_path: Path) -> None:
    """A file where a folder should be, for the database and for files."""
    (tmp_path / "data").write_text("")
    probes, status = examine(run)
    assert status == 1
    assert "data is no folder that can be written to" in probes["database"]["detail"]
    assert probes["storage"]["detail"].startswith("storage.path: ")
    assert probes["storage"]["status"] == "failed"


def test_place_that_only_looks_writable_is_tried(run: Run) -> None:
    """Rights alone say nothing of ``/proc``, where root may do everything and make no file."""
    probes, status = examine(run, "--set", "database.path=/proc/x")
    assert status == 1
    assert "/proc is no folder that can be written to" in probes["database"]["detail"]


def test_sqlite_without_schema_is_ill_where_nothing_makes_it(run: Run) -> None:
    """Only dev makes it by itself."""
    probes, status = examine(run, "--set", "database.migrate_on_start=false")
    assert status == 1
    assert probes["schema"]["help"] == "run `inkcre migrate`"
    probes, _ = examine(run, "--set", "keyvalue.kind=database")
    assert probes["keyvalue"]["detail"] == "the database is not there yet"


def test_schema_from_the_future_is_said(run: Run, tmp_path: Path) -> None:
    """Also where it would be migrated."""
    import sqlite3

    run("migrate")
    connection = sqlite3.connect(tmp_path / "data/inkcre.sqlite3")
    connection.execute("UPDATE inkcre_schema SET version_num = '9999'")
    connection.commit()
    connection.close()
    probes, status = examine(run)
    assert status == 1
    assert "which this version does not know" in probes["schema"]["detail"]


def test_edge_is_not_examined_from_a_laptop(run: Run) -> None:
    """Bindings exist on Cloudflare only; that is no illness."""
    probes, status = examine(run, "--profile", "workers")
    assert status == 0
    assert probes["storage"]["status"] == "skipped"
    assert "/readyz" in probes["storage"]["detail"]


def test_scheduler_that_is_off_is_not_tried(run: Run) -> None:
    """And one that is on runs something."""
    probes, _ = examine(run, "--set", "scheduler.kind=off")
    assert probes["scheduler"]["detail"] == "off: nothing ticks in this process"
    probes, _ = examine(run)
    assert probes["scheduler"]["detail"].startswith("apscheduler: ran what was due")


@pytest.fixture
def s3_endpoint() -> Any:
    """Serve S3 from memory."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def test_bucket_is_written_to_and_read(run: Run, s3_endpoint: str) -> None:
    """One that is there, and one that is not."""
    import urllib.request

    put = urllib.request.Request(f"{s3_endpoint}/inkcre-files", method="PUT")
    urllib.request.urlopen(put).close()
    storage = {
        "kind": "s3", "endpoint": s3_endpoint, "region": "us-east-1",
        "access_key_id": "me", "secret_access_key": "mine",
    }  # fmt: skip
    probes, _ = examine(run, INKCRE_STORAGE=json.dumps({**storage, "bucket": "inkcre-files"}))
    assert probes["storage"]["detail"] == "s3: written, read back and removed"
    probes, status = examine(run, INKCRE_STORAGE=json.dumps({**storage, "bucket": "elsewhere"}))
    assert (status, probes["storage"]["status"]) == (1, "failed")
    assert probes["storage"]["detail"] == "storage.bucket: not there"


def test_what_a_store_lacks_is_named(run: Run) -> None:
    """With what comes of it; nothing is wrong with it."""
    with serve_rclone() as section:
        probes, _ = examine(run, INKCRE_STORAGE=json.dumps(section))
    assert probes["storage"]["status"] == "ok"
    assert probes["storage"]["detail"] == (
        "s3: written, read back and removed; it lacks conditional puts: it puts over what is there, "
        "so nothing is deleted by itself; it lacks ranges: files are read from their beginning"
    )


def test_bucket_of_amazons_needs_a_region(run: Run) -> None:
    """It is said by the check, and nobody is asked."""
    given = json.dumps({"kind": "s3", "bucket": "inkcre-files"})
    done = run("config", "check", INKCRE_STORAGE=given)
    assert done.returncode == 78
    assert "error[INK107]: storage.region: is not set, and Amazon needs one" in done.stdout
    probes, status = examine(run, INKCRE_STORAGE=given)
    assert (status, probes["settings"]["status"]) == (78, "failed")


@pytest.fixture
def broken(tmp_path: Path) -> str:
    """Return a folder of packages in which the one is not usable that pip 23.2 leaves out."""
    folder = tmp_path / "broken"
    folder.mkdir()
    (folder / "lxml_html_clean.py").write_text("raise ImportError('not here')\n")
    return str(folder)


def test_what_sources_import_is_tried(run: Run, broken: str, tmp_path: Path) -> None:
    """A package of a package that cannot be imported is named, with what installs it."""
    probes, status = examine(run, PYTHONPATH=broken)
    assert status == 1
    said = probes["sources"]
    assert said["status"] == "failed"
    assert "lxml_html_clean" in said["detail"]
    assert said["help"] == "run `pip install 'inkcre[local]'`"
    run("migrate")
    (tmp_path / "notes").mkdir()
    folders = f'sources.folders=["{tmp_path / "notes"}"]'
    probes, status = examine(run, "--set", folders)
    assert (status, probes["sources"]["status"]) == (0, "ok")
    assert probes["sources"]["detail"].startswith("folder, inbox, ")


def test_page_that_cannot_be_read_fails_at_once(run: Run, broken: str) -> None:
    """Its job is not tried again, and says what is missing, as the doctor does."""
    with serve_pages() as pages:
        url = pages.put("/page", b"<p>A page, of one sentence.</p>", content_type="text/html")
        private = ["--set", 'web.private_hosts=["127.0.0.1"]']
        assert run("sources", "add", "webpage", f"url={url}", *private).returncode == 0
        collected = run("sources", "collect", "1", *private, PYTHONPATH=broken)
        assert collected.returncode != 0
        jobs = run("jobs", "list", "--kind", "collect").stdout
        assert "failed" in jobs
        shown = run("jobs", "show", "1").stdout
        assert "not_installed: " in shown
        assert "lxml_html_clean" in shown
        assert run("sources", "collect", "1", *private).returncode == 0


@pytest.mark.parametrize(("driver", "extra"), [("psycopg", "postgres"), ("pg8000", "pg8000")])
def test_missing_extra_is_an_illness_where_it_is_needed(
    driver: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL's driver, on the laptop and on the server, and not the other driver."""
    absent = ("psycopg", "pg8000")
    monkeypatch.setattr(doctor, "_version", lambda package: None if package in absent else "1")
    said, probes = {}, {}
    for profile in ("dev", "server"):
        overrides = {"database.driver": driver} if profile == "server" else {}
        found = inspect_settings(profile, overrides=overrides, environ={})
        probes = {probe.name: probe for probe in doctor.examine(found).probes}
        said[profile] = probes[f"extra {extra}"]
    (other,) = {"postgres", "pg8000"} - {extra}
    assert probes[f"extra {other}"].status == "skipped"
    assert said["dev"].status == "skipped"
    assert (said["server"].status, said["server"].help) == (
        "failed",
        f"run `pip install 'inkcre[{extra}]'`",
    )


def test_skew_of_the_clocks_is_an_illness(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database whose clock is far from ours."""
    monkeypatch.setattr(probes, "measure_skew", lambda *_: -7.5)
    found = inspect_settings("server", environ={"INKCRE_DATABASE__URL": postgres_url})
    clock = {probe.name: probe for probe in doctor.examine(found).probes}["clock"]
    assert clock.detail == "the database's is 7.500 s behind"
    assert clock.status == "failed"
