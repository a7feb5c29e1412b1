"""What is refused of settings that are to be built into a Workers artifact."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from inkcre.sections.schema import Inspection


def refuse_shown_secrets(found: "Inspection") -> None:
    """Raise if a value looks like a secret: all of them are written into the artifact.

    Raises:
        SettingsError: one does.
    """
    from inkcre.sections.rules.checks import SHOWN_SECRET, check_settings
    from inkcre.sections.rules.findings import Facts
    from inkcre.settings.report import SettingsError

    findings = check_settings(found, Facts(is_deploying=True))
    wrong = [finding for finding in findings if finding.code == SHOWN_SECRET]
    if wrong:
        raise SettingsError(wrong, found.schema.command)


def require_bindings(found: "Inspection", there: "AbstractSet[str]") -> None:
    """Raise unless every binding that a component names is there, with the right type.

    Args:
        found: the settings.
        there: the names of the bindings that the artifact has.

    Raises:
        SettingsError: one is not; the Worker would answer nothing.
    """
    from inkcre.sections.rules.checks import check_settings
    from inkcre.sections.rules.findings import Facts
    from inkcre.settings.report import SettingsError

    wrong = [
        finding
        for finding in check_settings(found, Facts(is_deploying=True))
        if finding.code == "INK209"
        or (finding.code == "INK207" and finding.message.split()[1].rstrip(",") not in there)
    ]
    if wrong:
        raise SettingsError(wrong, found.schema.command)
