"""What platforms and other programs leave around: told as what it is, or left alone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from inkcre.sections.schema import inspect_settings, load_settings
from inkcre.settings.explanations import explain_key, render_explanation
from inkcre.settings.report import SettingsError
from tests.conftest import ROOT
from tests.settings.cases import inspect_here

SERVICE = {
    "INKCRE_PORT": "tcp://10.0.0.1:8000",
    "INKCRE_SERVICE_HOST": "10.0.0.1",
    "INKCRE_SERVICE_PORT": "8000",
    "INKCRE_SERVICE_PORT_HTTP": "8000",
    "INKCRE_PORT_8000_TCP": "tcp://10.0.0.1:8000",
    "INKCRE_PORT_8000_TCP_PROTO": "tcp",
    "INKCRE_PORT_8000_TCP_PORT": "8000",
    "INKCRE_PORT_8000_TCP_ADDR": "fd00::1",
    "INKCRE_POSTGRES_RW_PORT": "tcp://10.0.0.2:5432",
    "INKCRE_POSTGRES_RW_SERVICE_HOST": "10.0.0.2",
}
"""What Kubernetes sets in a namespace with the services ``inkcre`` and ``inkcre-postgres-rw``."""


def test_variables_of_services_are_no_settings() -> None:
    """They change nothing, and whoever asks is told what they are."""
    found = inspect_settings("dev", environ=SERVICE)
    assert found.problems == ()
    for name in SERVICE:
        said = render_explanation(explain_key(name, found))
        assert name in said
        assert "Kubernetes" in said


@pytest.mark.parametrize(
    ("name", "value"),
    [("INKCRE_PORT", "8000"), ("INKCRE_SERVICE_HOST", "nas"), ("INKCRE_HTTP_PORT", "80")],
)
def test_what_a_person_has_written_is_still_a_mistake(name: str, value: str) -> None:
    """A variable that is nearly a setting's is told, whatever Kubernetes would call its own."""
    found = inspect_settings("dev", environ={name: value})
    assert [problem.code for problem in found.problems] == ["unknown_variable"]


def test_setting_is_explained_by_its_variable() -> None:
    """Whoever has the variable before them need not know the key."""
    found = inspect_settings("dev", environ={"INKCRE_HTTP__PORT": "81"})
    assert render_explanation(explain_key("INKCRE_HTTP__PORT", found)).startswith("http.port = 81")


@pytest.mark.parametrize(
    ("query", "instead"),
    [
        ("pgbouncer=true", "database.prepared_statements = false"),
        ("schema=mine", "search_path"),
        ("sslmode=disable&connection_limit=3", "database.pool.size"),
    ],
)
def test_options_of_other_programs_are_refused_with_what_is_ours(query: str, instead: str) -> None:
    """At the check, and not by a server that does not answer; no part of a secret is quoted."""
    url = f"postgresql://u:hunter2@h/d?{query}"
    with pytest.raises(SettingsError) as caught:
        load_settings("server", environ={"INKCRE_DATABASE__URL": url})
    (problem,) = caught.value.diagnostics
    assert (problem.code, problem.subject) == ("postgres_option", "database.url")
    assert instead in problem.message
    assert "hunter2" not in str(caught.value)


def test_only_the_line_end_of_a_secret_is_cut(tmp_path: Path) -> None:
    """Blanks at its ends may be its own; an address has none."""
    for name, content in {"a": "  x y \r\n", "b": "z\n\n", "c": "p"}.items():
        (tmp_path / name).write_bytes(content.encode())
    environ = {
        "INKCRE_STORAGE__KIND": "s3",
        "INKCRE_STORAGE__BUCKET": "bucket",
        "INKCRE_STORAGE__ACCESS_KEY_ID_FILE": str(tmp_path / "c"),
        "INKCRE_STORAGE__SECRET_ACCESS_KEY_FILE": str(tmp_path / "a"),
    }
    storage = load_settings("dev", environ=environ).storage
    assert storage.kind == "s3"
    assert storage.secret_access_key
    assert storage.secret_access_key.get_secret_value() == "  x y "
    environ["INKCRE_STORAGE__SECRET_ACCESS_KEY_FILE"] = str(tmp_path / "b")
    found = inspect_settings("dev", environ=environ)
    assert [problem.code for problem in found.problems] == ["control_character"]


SAY = """
import os, sys
from pathlib import Path
from inkcre.settings.report import Report
from inkcre.settings.variables import secret_folder_variables
from tests.schemas import SCHEMA
secret_folder_variables([Path(sys.argv[1])], Report(SCHEMA))  # loads what that takes
folder = Path(sys.argv[1])
if os.getuid() == 0:
    os.chroot(folder.parent)
    os.chdir("/")
    os.setgid(65534)
    os.setuid(65534)
    folder = Path("/", folder.name)
report = Report(SCHEMA)
secret_folder_variables([folder], report)
print([(p.code, p.subject, p.message) for p in report.problems])
"""


@pytest.mark.parametrize(("mode", "is_told"), [(0o000, True), (0o711, True), (0o755, False)])
def test_folder_of_secrets_that_may_not_be_read_is_told(
    tmp_path: Path, mode: int, is_told: bool
) -> None:
    """What may lie in it is not called missing without a word of the folder."""
    parent = tmp_path / "parent"
    folder = parent / "secrets"
    folder.mkdir(parents=True)
    parent.chmod(0o755)
    folder.chmod(mode if os.getuid() == 0 else mode & 0o300 if is_told else 0o700)
    done = subprocess.run(
        [sys.executable, "-c", SAY, str(folder)],
        capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    folder.chmod(0o755)
    assert ("the folder of secrets" in done.stdout) == is_told, done.stdout
    assert ("permission denied" in done.stdout) == is_told


def test_reference_in_a_dotenv_file_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other programs put a variable there; here it stays as it is, so it is refused."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text(
        'PGPW=s3cret\nOTHER=${PGPW}\nINKCRE_DATABASE__URL="postgresql://u:${PGPW}@127.0.0.1:1/db"\n'
        "INKCRE_APP__TITLE='costs ${5}'\n"
    )
    found = inspect_here("server", environ={})
    (problem,) = found.problems
    assert (problem.code, problem.subject) == ("dotenv_reference", "INKCRE_DATABASE__URL")
    assert problem.labels[0].name == ".env:3:1"
    assert "s3cret" not in f"{problem}"


def test_variable_of_another_profile_is_told_with_the_line_to_write() -> None:
    """An address of PostgreSQL that is exported, while profile dev is chosen."""
    found = inspect_settings("dev", environ={"INKCRE_DATABASE__URL": "postgresql://u:p@h/d"})
    (problem,) = found.problems
    assert problem.help is not None
    assert "INKCRE_PROFILE=server" in problem.help
    assert "unset INKCRE_DATABASE__URL" in problem.help
