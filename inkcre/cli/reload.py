"""``inkcre run --reload``: the same command again, whenever code or settings change."""

import shlex
import sys
from pathlib import Path

ENDINGS = (".py", ".toml", ".env")
"""Of the files by which it matters: code, settings, profiles."""


def run_again_on_changes() -> None:
    """Run this command without ``--reload``, and anew when a file below this folder changes.

    What is wrong after a change is told by the command that then ends; the next change may mend it.
    """
    from watchfiles import DefaultFilter, run_process

    is_kept = DefaultFilter()  # not in folders of tools
    words = [word for word in sys.orig_argv if word != "--reload"]
    package = Path(__file__).parent.parent
    run_process(
        *dict.fromkeys([Path.cwd(), package]),
        target=shlex.join(words),
        target_type="command",
        watch_filter=lambda change, path: path.endswith(ENDINGS) and is_kept(change, path),
        callback=lambda changes: print(
            f"{min(path for _, path in changes)}: changed; beginning anew", file=sys.stderr
        ),
    )
