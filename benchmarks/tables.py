"""The table of results."""

from dataclasses import dataclass, field


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
