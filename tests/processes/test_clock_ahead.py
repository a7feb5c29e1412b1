"""A real process ticks with a clock that is a year ahead, and others with right ones before and after."""

import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from tests.cli.conftest import COMMAND, clean_environ
from tests.processes.set_clocks import SetClock

HOUR, DAY, YEAR = 3600, 86_400, 365 * 86_400


class Machine:
    """Where commands are run, by a clock that is so far off."""

    def __init__(self, folder: Path, environ: dict[str, str]) -> None:
        self._folder = folder
        self._clock = SetClock(folder)
        self._environ = clean_environ(**self._clock.environ(), **environ)

    def run(self, *arguments: str, off: float = 0, status: int = 0) -> str:
        """Run a command; return what it says, and says of itself."""
        self._clock.set(off)
        done = subprocess.run(
            [COMMAND, *arguments],
            cwd=self._folder, env=self._environ, capture_output=True, text=True, check=False,
            timeout=120,
        )  # fmt: skip
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr

    def contents(self) -> str:
        """Return all that the base has."""
        return self.run("export", "-")


def make_machine(tmp_path: Path, **environ: str) -> Machine:
    """Make a folder with one note, which is collected every quarter of an hour."""
    notes = tmp_path / "notes"
    notes.mkdir()
    (notes / "1.md").write_text("note 1")
    (tmp_path / "inkcre.toml").write_text(f'sources.folders = ["{tmp_path}"]\n')
    made = Machine(tmp_path, environ)
    made.run("migrate")
    made.run("sources", "add", "folder", f"path={notes}", "--every", "15m")
    return made


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Return a machine with a base in a file, which goes by its clock."""
    return make_machine(tmp_path)


def test_year_ahead_for_one_tick_stops_nothing(machine: Machine, tmp_path: Path) -> None:
    """The doctor tells, the next tick goes on, and nothing was swept."""
    machine.run("jobs", "run")
    assert "note 1" in machine.contents()
    said = machine.run("jobs", "run", off=YEAR)
    assert "365 days ahead of the last time that this base knows" in said
    assert "clock_ahead" in machine.run("jobs", "list")
    told = machine.run("doctor", status=1)
    assert "put off by up to 36" in told
    assert "the next tick sets them right" in told
    (tmp_path / "notes" / "2.md").write_text("note 2")
    assert "set right" in machine.run("jobs", "run")
    assert "note 2" in machine.contents()
    assert "put off" not in machine.run("doctor", status=0)
    (tmp_path / "notes" / "3.md").write_text("note 3")
    machine.run("jobs", "run", off=timedelta(minutes=16).total_seconds())
    assert "note 3" in machine.contents()


def test_machine_that_was_off_for_a_month_goes_on(machine: Machine, tmp_path: Path) -> None:
    """Its first tick collects; what deletes by age waits for a second one."""
    machine.run("jobs", "run")
    (tmp_path / "notes" / "2.md").write_text("note 2")
    machine.run("jobs", "run", off=30 * DAY)
    assert "note 2" in machine.contents()
    refused = machine.run("files", "sweep", off=30 * DAY + 60, status=1)
    assert "30 days ahead of the last time that this base knows" in refused
    assert "set this machine's clock" in refused
    assert "0 files deleted" in machine.run("files", "sweep", off=30 * DAY + HOUR)


def test_server_has_the_time_whatever_its_machines_say(postgres_url: str, tmp_path: Path) -> None:
    """A year ahead or behind: the log says so, what is due is done, and nothing is put off."""
    machine = make_machine(tmp_path, INKCRE_PROFILE="server", INKCRE_DATABASE__URL=postgres_url)
    assert "365 days" not in machine.run("jobs", "run", off=YEAR)
    assert "note 1" in machine.contents()
    told = machine.run("jobs", "run", off=-YEAR)
    assert "clock: this machine's is 31536" in told
    assert "0 jobs added, 0 run" in told
    doctor = machine.run("doctor", status=0)
    assert "put off" not in doctor
    said = machine.run("doctor", off=180, status=1)
    assert "the database's is 180.0" in said
    (tmp_path / "notes" / "2.md").write_text("note 2")
    machine.run("sources", "collect", "1", off=-YEAR)
    assert "note 2" in machine.contents()
