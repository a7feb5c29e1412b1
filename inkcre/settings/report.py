"""Everything that is wrong with the settings, collected and then raised at once."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from inkcre.errors import OperatorError
from inkcre.settings.diagnostics import Diagnostic
from inkcre.settings.rendering import render_text


class SettingsError(OperatorError):
    """Tell everything that is wrong with the settings, at once."""

    code = "settings"

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__(render_text(self.diagnostics))


@dataclass(frozen=True)
class Report:
    """Collect problems while loading goes on."""

    problems: list[Diagnostic] = field(default_factory=list)

    def add(self, problem: Diagnostic) -> None:
        """Note one problem."""
        self.problems.append(problem)

    def stop_on_problems(self) -> None:
        """Raise what was noted, if anything was."""
        if self.problems:
            raise SettingsError(self.problems)
