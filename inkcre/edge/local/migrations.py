"""The artifact's migrations, applied to a local D1 by wrangler."""

from pathlib import Path

from inkcre.edge.local.node import node_environment, wrangler_command
from inkcre.edge.tools import run_program
from inkcre.errors import Unavailable

APPLY_SECONDS = 120


def apply_migrations(artifact: Path, binding: str, state: Path) -> None:
    """Bring a local D1 up to date; do nothing when it is.

    Args:
        artifact: the folder with ``wrangler.jsonc`` and ``migrations``.
        binding: the D1 binding's name.
        state: where wrangler keeps what is local.

    Raises:
        Unavailable: wrangler could not do it.
    """
    command = wrangler_command(
        "d1", "migrations", "apply", binding, "--local", "--persist-to", str(state.absolute())
    )
    done = run_program(
        "wrangler", command, folder=artifact, environ=node_environment(), seconds=APPLY_SECONDS
    )
    if done.returncode:
        raise Unavailable(f"wrangler: could not apply the migrations:\n{done.stdout}{done.stderr}")
