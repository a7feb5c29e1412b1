"""The table of results."""

import re
from dataclasses import dataclass, field
from pathlib import Path

RESULTS = Path(__file__).with_name("RESULTS.md")


def write_section(title: str, head: str, text: str) -> None:
    """Write a section of RESULTS.md in the place of its former self."""
    sections = re.split(r"^## ", RESULTS.read_text(), flags=re.MULTILINE)
    kept = {part.partition("\n")[0]: part for part in sections[1:]}
    kept[title] = f"{title}\n\n{head}\n\n{text.strip()}\n\n"
    body = "".join(f"## {part.rstrip()}\n\n" for part in kept.values())
    RESULTS.write_text(f"# Results\n\nBoth sides of a row in one run.\n\n{body.rstrip()}\n")


@dataclass
class Table:
    """Rows of a comparison, printed as they come and written as Markdown at the end."""

    rows: list[tuple[str, ...]] = field(default_factory=list)

    def add(
        self,
        what: str,
        ours: str,
        baseline: str,
        ratio: float,
        goal: str,
        is_met: bool,
        note: str = "",
    ) -> None:
        row = (what, ours, baseline, f"{ratio:.2f}", goal, "yes" if is_met else "NO", note)
        self.rows.append(row)
        print(" | ".join(row), flush=True)

    def as_markdown(self) -> str:
        head = ("what", "ours", "baseline", "ratio", "goal", "met", "note")
        lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
        lines += ["| " + " | ".join(row) + " |" for row in self.rows]
        return "\n".join(lines)
