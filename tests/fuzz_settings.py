"""Feed the loader mutated settings for a while: only diagnostics may come of it.

Before that, every key of the TOML files of this machine is located, as far as a minute reaches: no
test may depend on what a machine happens to have, and there is no wider corpus.

``make fuzz`` runs it for two minutes; ``python -m tests.fuzz_settings --seconds N --seed S`` for
another time or from another start. What it finds is written down as a file that the next run, and
whoever mends it, can begin from.
"""

import argparse
import random
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from inkcre.assembly.compare import compare_profiles, render_difference
from inkcre.assembly.plan import plan_inspection, render_plan
from inkcre.sections.rules.checks import check_settings
from inkcre.sections.rules.findings import Facts
from inkcre.sections.schema import Inspection, inspect_settings
from inkcre.settings.profiles import package_profiles
from inkcre.settings.renderers import render_github, render_json, render_text
from inkcre.settings.toml_values import toml_settings
from tests.alone import working_alone
from tests.schemas import SCHEMA
from tests.settings.machine_files import check_machine
from tests.settings.test_broken import CASES, read_case

ROOT = Path(__file__).parent.parent
MACHINE_SECONDS = 60
SECRET = b"hunter2planted"
WORDS = [
    *(".".join(path).encode() for path, _ in SCHEMA.root.walk_leaves()),
    b"kind", b"extends", b"profiles.dev", b"[http]", b"[[http]]", b"[profiles.dev.database]", b"=", b"{", b"}",
    b"[", b"]", b'"', b"'", b'"""', b"#", b"\n", b"\r\n", b"\r", b"\t", b"\x00", b"\xff", b"\xef\xbb\xbf", b"\\u0000",
    b"\\ud800", b"inf", b"nan", b"-1", b"99999999999999999999", b"1e400", b"true", b"2026-12-01", b"postgres",
    b"workers", b"sqlite", "资料库".encode(), b"\xe2\x80\xae", b"," * 5, b"[" * 300, b"a." * 300,
    b'url = "postgresql://u:' + SECRET + b'@h/d"', b'secret_access_key = "' + SECRET + b'"',
]  # fmt: skip


def read_seeds() -> list[bytes]:
    """Return whole files to begin from: profiles, examples, and the corpus of broken settings."""
    paths = [
        *package_profiles().glob("*.toml"),
        *(ROOT / "inkcre/sections/examples").glob("*.toml"),
        ROOT / "inkcre.toml",
    ]
    parts = [text for case in CASES for name, text in read_case(case).items() if ".toml" in name]
    return [*(path.read_bytes() for path in sorted(paths)), *(text.encode() for text in parts)]


def mutate(seed: bytes, dice: random.Random, others: list[bytes]) -> bytes:
    """Change a file in a few places, by bytes, by words and by lines."""
    content = bytearray(seed)
    for _ in range(dice.randint(1, 6)):
        at = dice.randint(0, len(content))
        match dice.randint(0, 6):
            case 0:
                content[at:at] = dice.choice(WORDS)
            case 1:
                content[at : at + dice.randint(1, 20)] = b""
            case 2:
                content[at : at + 1] = bytes([dice.randint(0, 255)])
            case 3:
                other = dice.choice(others)
                start = dice.randint(0, len(other))
                content[at:at] = other[start : start + dice.randint(1, 200)]
            case 4:
                lines = bytes(content).split(b"\n")
                dice.shuffle(lines)
                content = bytearray(b"\n".join(lines))
            case 5:
                content[at:at] = b"\n" + dice.choice(WORDS) + b" = " + dice.choice(WORDS) + b"\n"
            case _:
                content[at:at] = content[max(0, at - dice.randint(1, 50)) : at]
    return bytes(content)


def report_everything(found: Inspection, other: Inspection) -> str:
    """Make every report of an inspection."""
    findings = check_settings(found, Facts(is_deploying=True, connection_limit=1))
    leaves = found.leaves()
    return "".join(
        (
            render_text(found.problems, command="inkcre"),
            render_json(findings),
            render_github(findings),
            toml_settings(SCHEMA, leaves),
            render_plan(plan_inspection(found)),
            render_difference(compare_profiles(found, other)),
            "".join(leaf.show() for leaf in leaves),
        )
    )


def inputs(dice: random.Random) -> Iterator[bytes]:
    """Return mutated files without end."""
    seeds = read_seeds()
    while True:
        yield mutate(dice.choice(seeds), dice, seeds)


def main() -> None:
    """Fuzz, print what was done, and exit with 1 when something was found."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    arguments = parser.parse_args()
    dice = random.Random(arguments.seed)
    print(f"seed {arguments.seed}, {arguments.seconds:.0f} seconds", flush=True)
    print(check_machine(min(MACHINE_SECONDS, arguments.seconds)), flush=True)
    ends_at = time.monotonic() + arguments.seconds
    codes: Counter[str] = Counter()
    count = 0
    with working_alone() as folder:
        (folder / "elsewhere").mkdir()
        other = inspect_settings("dev", environ={}, folder=folder / "elsewhere")
        for content in inputs(dice):
            if time.monotonic() > ends_at:
                break
            count += 1
            profile = dice.choice(["dev", "server", "workers", None])
            place = dice.choice(["inkcre.toml", ".env", "profiles/dev.toml"])
            path = folder / str(count) / place
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            try:
                found = inspect_settings(profile, environ={}, folder=folder / str(count))
                said = report_everything(found, other)
                codes.update(problem.code for problem in found.problems)
                leaked = SECRET.decode() in said and not _is_public(found)
            except Exception:  # noqa: BLE001 - whatever it is, it is what is looked for
                traceback.print_exc()
                leaked = True
            if leaked:
                kept = ROOT / "build" / f"fuzz-{arguments.seed}-{count}"
                kept.parent.mkdir(exist_ok=True)
                kept.write_bytes(content)
                print(f"FOUND: {place}, profile {profile}, kept as {kept.relative_to(ROOT)}")
                sys.exit(1)
            path.unlink()
    print(
        f"{count} inputs: only diagnostics, no secret; {len(codes)} codes: {dict(codes.most_common())}"
    )


def _is_public(found: Inspection) -> bool:
    """Tell whether the planted word was given to a setting that is no secret, whose line may be shown."""
    secret = SECRET.decode()
    shown = [leaf for leaf in found.leaves() if not leaf.node.is_secret]
    names = [".".join(path) for path in found.origins.winners]
    return any(secret in str(leaf.value) for leaf in shown) or any(secret in n for n in names)


if __name__ == "__main__":
    main()
