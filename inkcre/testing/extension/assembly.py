"""The rule that an application assembles with it, on each of its targets."""

from collections.abc import Iterator

from inkcre.app import load_parts
from inkcre.assembly.assembly import require_capabilities
from inkcre.cli.main import build_command
from inkcre.errors import InkcreError
from inkcre.sections.settings import Settings
from inkcre.settings.report import SettingsError
from inkcre.testing.extension.candidate import Candidate
from inkcre.testing.extension.names import NAMES
from inkcre.testing.extension.references import REFERENCES
from inkcre.testing.extension.routes import ROUTES
from inkcre.testing.extension.rules import Breach, ExtensionRule
from inkcre.testing.extension.settings import SETTINGS
from inkcre.testing.extension.types import TYPES


def find_unassembled(candidate: Candidate) -> Iterator[Breach]:
    """Yield what keeps an application from being made with the extension."""
    for target in candidate.extension.targets:
        try:
            settings = candidate.load_settings(target)
            _assemble(settings)
        except SettingsError as error:
            for problem in error.diagnostics:
                step = problem.help or "mend it, or give check(…, overrides={…})"
                yield Breach(f"target {target}: {problem.subject}", problem.message, step)
        except InkcreError as error:
            step = error.hint or "mend it"
            yield Breach(f"target {target}", error.message, step)


def _assemble(settings: Settings) -> None:
    load_parts(settings)
    require_capabilities(settings)
    if settings.target == "process":
        build_command(settings.application)


ASSEMBLES = ExtensionRule(
    "assembles",
    "an application that enables it can be made: routes, jobs, schedules and commands ask for what"
    " is there",
    find_unassembled,
    after=(REFERENCES, SETTINGS, NAMES, ROUTES, TYPES),
)
