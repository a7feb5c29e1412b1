"""What hostile input takes of memory is given back; ``make soak ARGS=memory`` has all of it."""

from pathlib import Path

from tests.hostile import BODIES, COLLECTED, SHARE, serve_hostile

SOME = ("wide", "large", "mistakes", "files")
PAGES = ("webpage /deep", "webpage /attributes")


def test_memory_is_given_back_after_hostile_input(tmp_path: Path) -> None:
    """Twice some of it, and the process holds no more than 1.3 times what it held before."""
    attacks = [BODIES[name] for name in SOME] + [COLLECTED[name] for name in PAGES]
    with serve_hostile(tmp_path) as served:
        before = served.resident_bytes()
        for _ in range(2):
            assert all(attack(served) < 600 for attack in attacks)
        share = served.await_share(before)
        print(f"{before >> 20} MiB before, {share:.2f} times as much at the end")
        assert share <= SHARE
        assert served.ask("GET", "/blocks/recent")[0] == 200
