"""What is installed and enabled, and whether what an application's parts name is there."""

from collections.abc import Iterator
from dataclasses import dataclass

from inkcre.app import load_parts
from inkcre.application import Application
from inkcre.assembly.assembly import require_capabilities
from inkcre.discovery import find_distribution, list_installed
from inkcre.extension import load_reference
from inkcre.sections.enabling import DISABLED, ENABLED, load_blaming, names_at, where_enabled
from inkcre.sections.schema import Inspection, application_of
from inkcre.sections.settings import Settings
from inkcre.sql.lines import lines_of
from inkcre.sql.revisions import require_versions


@dataclass(frozen=True)
class ListedExtension:
    """An extension that is installed, or that settings name."""

    name: str
    state: str
    """``enabled``, ``disabled``, ``refused`` (the settings' problems say why) or ``installed``."""

    summary: str
    distribution: str
    """The package that brings it; empty where none does."""

    version: str
    where: str
    """What enables it, or leaves it out."""


def list_extensions(found: Inspection) -> list[ListedExtension]:
    """List what is installed, or named by settings, by name."""
    application = application_of(found)
    names = {
        *list_installed(application),
        *names_at(found.origins, ENABLED),
        *names_at(found.origins, DISABLED),
    }
    return [_describe(found, application, name) for name in sorted(names)]


def _describe(found: Inspection, application: Application, name: str) -> ListedExtension:
    loaded = {part.name: part for part in application.enabled}
    distribution = find_distribution(application, name)
    state, where = "installed", ""
    if name in names_at(found.origins, DISABLED):
        state, where = "disabled", found.origins.of(DISABLED).describe()
    elif name in names_at(found.origins, ENABLED):
        state = "enabled" if name in loaded else "refused"
        where = where_enabled(found.origins, name)
    # Without importing it: what its package says of itself.
    said = distribution.metadata["Summary"] or "" if distribution else ""
    return ListedExtension(
        name,
        state,
        loaded[name].summary if name in loaded else said,
        distribution.name if distribution else "",
        distribution.version if distribution else "",
        where,
    )


def check_parts(settings: Settings) -> list[str]:
    """Look up all that the parts name, what only commands use as well; return who is enabled.

    Raises:
        SettingsError: an extension that settings enable names what is not there.
        BadReference, Clash, NotLent, ForeignTable: a part of the application's own does.
        Unsupported: an adapter that was chosen cannot do what a part needs.
    """
    load_parts(settings)
    load_blaming(settings, lambda application: [*_look_up(application)])
    require_capabilities(settings)
    return [part.name for part in settings.application.enabled]


def _look_up(application: Application) -> Iterator[object]:
    """Yield what is looked up only when it is used."""
    for line in lines_of(application):
        require_versions(line)
        yield line
    for part in application.enabled:
        for references in (part.source_types, part.commands, part.probes):
            for name, reference in references.items():
                yield load_reference(reference, object, of=f"{part}: {name}")
        for port, kinds in part.adapters.items():
            for kind, adapter in kinds.items():
                yield load_reference(adapter.provides, type, of=f"{part}: {port}.kind {kind}")
