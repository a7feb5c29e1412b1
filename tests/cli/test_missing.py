"""What a source misses, on the command line."""

from pathlib import Path

from tests.cli.conftest import Run


def test_what_is_missing_is_told_and_let_go_by_its_word(run: Run, tmp_path: Path) -> None:
    """``collect`` and ``list`` tell of it, ``--full`` changes nothing, ``--forget`` lets it go."""
    notes = tmp_path / "notes"
    notes.mkdir()
    for number in range(3):
        (notes / f"{number}.md").write_text(f"note {number}")
    allowed = ["--set", f'sources.folders=["{notes}"]']
    assert run("sources", "add", "folder", f"path={notes}", *allowed).returncode == 0
    assert "3 blocks added or changed\n" in run("sources", "collect", "1", *allowed).stdout
    assert "since" not in run("sources", "list", *allowed).stdout
    for note in notes.iterdir():
        note.unlink()
    for words in ([], ["--full"], ["--restore"]):
        done = run("sources", "collect", "1", *words, *allowed)
        assert done.returncode == 0
        assert "source 1: 0 blocks added or changed, 3 missing since 2" in done.stdout
        assert "run `inkcre sources collect 1 --forget`" in done.stderr
    assert "(3 missing since 2" in run("sources", "list", *allowed).stdout
    done = run("sources", "collect", "1", "--forget", *allowed)
    assert done.stdout == "source 1: 0 blocks added or changed\n"
    assert "since" not in run("sources", "list", *allowed).stdout
