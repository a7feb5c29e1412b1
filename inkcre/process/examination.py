"""What the doctor has found, and how it is shown."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Literal

from inkcre.settings.masks import mask_forms
from inkcre.settings.renderers import Paint, Role, plain, visible

Status = Literal["ok", "failed", "skipped"]

MARKS: Mapping[Status, str] = {"ok": "✓", "failed": "✗", "skipped": "-"}
ASCII_MARKS: Mapping[Status, str] = {"ok": "+", "failed": "x", "skipped": "-"}
ROLES: Mapping[Status, Role] = {"ok": "help", "failed": "error", "skipped": "frame"}


@dataclass(frozen=True)
class Probe:
    """What one probe found."""

    name: str
    status: Status
    detail: str
    help: str | None
    milliseconds: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "detail", mask_forms(self.detail))
        object.__setattr__(self, "help", self.help and mask_forms(self.help))


@dataclass(frozen=True)
class Examination:
    """What all probes found."""

    profile: str
    target: str
    probes: tuple[Probe, ...]

    @property
    def is_healthy(self) -> bool:
        """Whether nothing failed."""
        return all(probe.status != "failed" for probe in self.probes)

    def as_json(self) -> dict[str, object]:
        """Return the examination as plain data."""
        return {**asdict(self), "healthy": self.is_healthy}


def render_examination(
    examination: Examination, paint: Paint = plain, *, is_ascii: bool = False
) -> str:
    """Write an examination for people: a line each, and below a failure what to do."""
    marks = ASCII_MARKS if is_ascii else MARKS
    width = max(len(probe.name) for probe in examination.probes)
    lines = [f"profile {examination.profile}, target {examination.target}", ""]
    for probe in examination.probes:
        mark = paint(ROLES[probe.status], marks[probe.status])
        took = f"  ({probe.milliseconds:.0f} ms)" if probe.status != "skipped" else ""
        lines.append(f"{mark} {probe.name:<{width}}  {visible(probe.detail)}{took}")
        if probe.help:
            lines.append(f"  {'':<{width}}  {paint('help', 'help:')} {visible(probe.help)}")
    lines += ["", "all is well" if examination.is_healthy else "something is wrong"]
    return "\n".join(lines)
