"""``inkcre extensions new``: the package of an extension, which passes the conformance kit."""

import builtins
import keyword
import re
import sys
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from inkcre.application import Application
from inkcre.cli.settings_options import current_application
from inkcre.cli.terminal import say
from inkcre.errors import OperatorError

TEMPLATES = Path(__file__).parent.parent / "templates" / "extension"
SUFFIX = ".template"
"""How all files of the template end, so that nobody takes them for modules of ours."""

PLACE = "NAME"
"""What stands for the name in their paths; in their texts words in double braces do."""


class UnfitName(OperatorError):
    """Tell that an extension cannot be called so."""

    code = "unfit_name"


def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the extension is called.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FOLDER", help="The folder to write; NAME by itself."),
    ] = None,
) -> None:
    """Write the package of an extension: settings, a route, a job, a table, and tests of it all."""
    from inkcre.settings.files import reported, require_absent
    from inkcre.settings.origins import display_path

    application = current_application()
    require_fit(name, application)
    folder = out or Path(name)
    require_absent(folder)
    files = render_package(name, application)
    with reported(folder):
        for path, text in files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
    say(f"wrote {display_path(folder.absolute())}: {len(files)} files; README.md tells the rest")


def require_fit(name: str, application: Application) -> None:
    """Raise unless an extension, and the package that has it, can be called so.

    Raises:
        UnfitName: why not.
    """
    for fact, hint in _list_faults(name, application):
        raise UnfitName(f"extension {name}: {fact}", hint=hint)


def _list_faults(name: str, application: Application) -> Iterator[tuple[str, str]]:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        yield (
            "its name cannot be one",
            "write small letters, digits and _, a letter first",
        )
        return
    other = f"call it otherwise, such as my_{name}"
    if keyword.iskeyword(name) or hasattr(builtins, name):
        yield "is a word of Python's", other
    if name in sys.stdlib_module_names or name in ("inkcre", "tests", "test"):
        yield "is the name of a module that is there already", other
    if name in _list_ours(application) | list_answered(application.own):
        yield f"is a name of {application.title}'s own", other
    if find_spec(name) is not None:
        yield "is the name of a package that is installed", other


def _list_ours(application: Application) -> set[str]:
    """Return the names of parts, of tables of settings, of commands and of routes."""
    from inkcre.sections.extensions import ExtensionsSettings
    from inkcre.sections.model import RESERVED
    from inkcre.sections.settings import Settings

    own = application.own
    names = {part.name for part in own.parts} | set(own.owners("commands"))
    names |= {*Settings.model_fields, *ExtensionsSettings.model_fields, *RESERVED}
    return names | set(own.owners("source_types"))


def list_answered(application: Application) -> set[str]:
    """Return the first words of the paths that an application answers."""
    from inkcre.app import create_app

    overrides = {"database.path": ":memory:", "storage.kind": "memory", "app.docs": True}
    app = create_app(profile="dev", application=application, overrides=overrides, environ={})
    paths = [str(getattr(route, "path", "")) for route in app.routes]
    return {path.strip("/").partition("/")[0] for path in paths} - {""}


def render_package(name: str, application: Application) -> dict[str, str]:
    """Return the files of an extension's package, by their paths."""
    words = _list_words(name, application)
    files = {}
    for path in sorted(TEMPLATES.rglob(f"*{SUFFIX}")):
        place = path.relative_to(TEMPLATES).as_posix().removesuffix(SUFFIX)
        text = path.read_text(encoding="utf-8")
        for word, value in words.items():
            text = text.replace("{{" + word + "}}", value)
        files[place.replace(PLACE, name)] = text
    return files


def _list_words(name: str, application: Application) -> Mapping[str, str]:
    from inkcre.packages import find_version

    return {
        "name": name,
        "NAME": name.upper(),
        "Name": "".join(part.capitalize() for part in name.split("_")),
        "distribution": f"{application.name}-{name.replace('_', '-')}",
        "requirement": require_version(find_version("inkcre")),
        "group": application.group,
        "command": application.name,
        "prefix": application.prefix,
        "filename": application.filename,
    }


def require_version(version: str) -> str:
    """Return what a package writes that was made for a version: until the next that may differ."""
    major, minor = (int(part) for part in version.split(".")[:2])
    following = f"0.{minor + 1}" if major == 0 else str(major + 1)
    return f"inkcre>={major}.{minor},<{following}"
