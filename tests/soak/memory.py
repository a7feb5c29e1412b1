"""All hostile input twice, and how much memory a server holds then.

``make soak ARGS=memory`` prints what is held after each, and ends with 1 if at the end it is more
than 1.3 times what was held after the first valid requests.
"""

import sys
import tempfile
import time
from pathlib import Path

from tests.hostile import BODIES, COLLECTED, SHARE, serve_hostile

ROUNDS = 2


def main(_: list[str]) -> int:
    """Run it; give the exit status."""
    with tempfile.TemporaryDirectory() as folder, serve_hostile(Path(folder)) as served:
        before = served.resident_bytes()
        print(f"after the first valid requests: {before >> 20} MiB")
        for number in range(1, ROUNDS + 1):
            for name, attack in {**BODIES, **COLLECTED}.items():
                started = time.monotonic()
                status = attack(served)
                took, held = time.monotonic() - started, served.resident_bytes()
                print(f"{number} {name:22} {status} {took:5.1f} s {held >> 20:5} MiB", flush=True)
        share = served.await_share(before)
        print(f"at the end: {share:.2f} times as much")
    return 0 if share <= SHARE else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
