"""Finding the extensions that settings enable, by name: nothing else of an environment is imported.

In a process they are entry points of installed packages, in a Worker what its artifact carries.
https://packaging.python.org/en/latest/specifications/entry-points/
"""

import re
import sys
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from importlib.metadata import Distribution, EntryPoint, entry_points
from typing import cast

from inkcre.application import Application
from inkcre.errors import BadReference, InkcreError, OperatorError, last_line
from inkcre.extension import Extension, load_reference

FRAMEWORK = "inkcre"
"""The distribution whose version an extension asks for."""


class UnknownExtension(OperatorError):
    """Tell that no installed package names an extension so."""

    code = "unknown_extension"


class BrokenExtension(OperatorError):
    """Tell that an extension's package raises an error when it is imported."""

    code = "broken_extension"


class UnfitVersion(OperatorError):
    """Tell that an extension was made for another version."""

    code = "unfit_version"


def _entry_points(group: str) -> dict[str, EntryPoint]:
    return _read_entry_points(group, tuple(sys.path))


@cache
def _read_entry_points(group: str, _: tuple[str, ...]) -> dict[str, EntryPoint]:
    """Return what installed packages name, read once: it means reading every package."""
    return {point.name: point for point in entry_points(group=group)}


def list_installed(application: Application) -> dict[str, str]:
    """Return the references of all that settings may enable, by name; none of them is imported."""
    if application.carried is not None:
        return dict(application.carried)
    points = _entry_points(application.group)
    return {name: point.value for name, point in sorted(points.items())}


def find_distribution(application: Application, name: str) -> Distribution | None:
    """Return the installed package that brings an extension; None where none is looked for."""
    point = None if application.carried is not None else _entry_points(application.group).get(name)
    # An entry point that was read from an installed package knows it.
    return cast("Distribution", point.dist) if point else None


def find_extension(application: Application, name: str) -> Extension:
    """Return the record of an extension; of its package no more is imported than holds that.

    Raises:
        UnknownExtension: there is none of this name.
        UnfitVersion: it asks for another version of this program.
        BadReference: what is named so is no record, or one of another name.
        BrokenExtension: importing it raises an error.
    """
    installed = list_installed(application)
    if name not in installed:
        raise _unknown(application, name, installed)
    of = f"extension {name}"
    distribution = find_distribution(application, name)
    if distribution is not None:
        _require_version(distribution, of=of)
    try:
        found = load_reference(installed[name], Extension, of=of)
    except InkcreError:
        raise
    except Exception as error:
        raise explain_fault(error, name, application) from error
    if found.name != name:
        raise BadReference(
            f"{of}: its record is called {found.name}",
            hint="the entry point and the record have one name",
        )
    return found


@cache
def _requirements_of_us(distribution: Distribution) -> tuple[str, ...]:
    """Return what a package says of the framework; read once, for a version does not change."""
    return tuple(
        line
        for line in distribution.requires or ()
        if re.match(rf"{FRAMEWORK}\b(?![-.\w])", line, re.IGNORECASE) and "extra ==" not in line
    )


def explain_fault(error: Exception, name: str, application: Application) -> BrokenExtension:
    """Return the error that says what an extension has raised, and how to do without it."""
    return BrokenExtension(
        f"extension {name}: is broken: {last_line(error)}",
        hint=f"mend it, or start without it: `{application.name} --without {name} run`",
    )


def _unknown(application: Application, name: str, installed: Mapping[str, str]) -> UnknownExtension:
    if application.carried is not None:
        return UnknownExtension(
            f"extension {name}: is not in this artifact", hint="build it again, with it enabled"
        )
    near = get_close_matches(name, installed, n=1)
    hint = f"did you mean `{near[0]}`?" if near else "install its package"
    if installed and not near:
        hint += f"; installed are {', '.join(installed)}"
    return UnknownExtension(f"extension {name}: no installed package has it", hint=hint)


def _require_version(distribution: Distribution, *, of: str) -> None:
    """Raise unless an extension's package takes this version of the framework.

    Whoever installs packages looks at it as well, but then only: the framework may be another now.
    """
    asked = _requirements_of_us(distribution)
    if not asked:
        return
    from packaging.requirements import Requirement

    from inkcre.packages import find_version

    version = find_version(FRAMEWORK)
    for line in asked:
        requirement = Requirement(line)
        if not requirement.specifier.contains(version, prereleases=True):
            raise UnfitVersion(
                f"{of}: needs {FRAMEWORK} {requirement.specifier}, and this is {version}",
                hint=f"install a version of {distribution.name} that fits",
            )
