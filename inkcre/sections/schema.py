"""An application's schema, and the settings of it."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path

from inkcre.application import Application
from inkcre.extension import load_reference
from inkcre.sections.enabling import TABLE, grow
from inkcre.sections.model import build_model
from inkcre.sections.rules.consequences import let_storage_follow
from inkcre.sections.rules.constraints import CONSTRAINTS
from inkcre.sections.settings import Settings
from inkcre.settings import loader
from inkcre.settings.rules import Advice, Constraint, Rules
from inkcre.settings.schema import Schema

DEFAULT = "inkcre.core:INKCRE"
"""The application that is meant where none is named. In text: the framework imports nothing of the
information base."""

Inspection = loader.Inspection[Settings]
"""All that loading an application's settings found out."""


def default_application() -> Application:
    """Return InKCre, which is meant where no application is named."""
    return load_reference(DEFAULT, Application, of="the default")


def _list_checks() -> Iterable[Advice]:
    from inkcre.sections.rules.checks import CHECKS

    return CHECKS


@cache
def schema_of(application: Application) -> Schema[Settings]:
    """Return what settings an application has.

    Raises:
        BadReference: a part names something that is no section, or no rule.
        Clash: two parts have one table, or one kind of adapters.
    """
    constraints = application.load_all("rules", Constraint)  # type: ignore[type-abstract]
    return Schema(
        title=application.title,
        command=application.name,
        model=build_model(application),
        prefix=application.prefix,
        filename=application.filename,
        rules=Rules((*CONSTRAINTS, *constraints), _list_checks, let_storage_follow),
        aliases=application.aliases,
        switches=application.switches,
        open_table=TABLE,
        grow=partial(grow, application=application.own, schema_of=schema_of),
    )


def application_of(found: Inspection) -> Application:
    """Return the application whose settings were looked at, be they right or wrong."""
    application = found.schema.model.made_of
    assert application is not None  # nobody inspects a model that no application has
    return application


def load_settings(
    profile: str | None = None,
    *,
    application: Application | None = None,
    overrides: Mapping[str, object] | None = None,
    assignments: Sequence[str] = (),
    environ: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> Settings:
    """Load the settings of a profile: see ``inkcre.settings.loader.load_settings``.

    Args:
        profile: the profile's name; without one, the surroundings choose.
        application: whose settings; InKCre's unless it is given.
        overrides: values by dotted key, or nested.
        assignments: ``key=text`` as typed on a command line.
        environ: variables, in the place of the process's own.
        folder: where to start looking for the settings file.

    Raises:
        SettingsError: everything that is wrong, at once.
    """
    return loader.load_settings(
        schema_of(application or default_application()),
        profile,
        overrides=overrides,
        assignments=assignments,
        environ=environ,
        folder=folder,
    )


def inspect_settings(
    profile: str | None = None,
    *,
    application: Application | None = None,
    overrides: Mapping[str, object] | None = None,
    assignments: Sequence[str] = (),
    environ: Mapping[str, str] | None = None,
    folder: Path | None = None,
    config_text: bytes | None = None,
) -> Inspection:
    """Find out all about the settings of a profile, and raise nothing when they are wrong.

    The arguments are those of ``load_settings``; ``config_text`` is read in the place of what the
    settings file has in it.
    """
    return loader.inspect_settings(
        schema_of(application or default_application()),
        profile,
        overrides=overrides,
        assignments=assignments,
        environ=environ,
        folder=folder,
        config_text=config_text,
    )
