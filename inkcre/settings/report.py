"""Everything that is wrong with the settings, collected and then raised at once."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from inkcre.errors import OperatorError
from inkcre.settings.diagnostics import Diagnostic
from inkcre.settings.model import SettingsModel
from inkcre.settings.renderers import render_text
from inkcre.settings.schema import Schema


class SettingsError(OperatorError):
    """Tell everything that is wrong with the settings, at once."""

    code = "settings"

    def __init__(self, diagnostics: Sequence[Diagnostic], command: str) -> None:
        """Take the problems, and what is typed to run the application that has them."""
        self.diagnostics = tuple(diagnostics)
        self.command = command
        super().__init__(render_text(self.diagnostics, command=command))


@dataclass(frozen=True)
class Report:
    """Collect the problems of settings of a schema while loading goes on."""

    schema: Schema[SettingsModel]
    problems: list[Diagnostic] = field(default_factory=list)

    def add(self, problem: Diagnostic) -> None:
        """Note one problem."""
        self.problems.append(problem)

    def stop_on_problems(self) -> None:
        """Raise what was noted, if anything was."""
        if self.problems:
            raise SettingsError(self.problems, self.schema.command)
