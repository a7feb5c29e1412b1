"""``inkcre explain CODE``: what a code in square brackets means, with an example."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inkcre.cli.settings_options import current_application
from inkcre.errors import OperatorError

if TYPE_CHECKING:
    from inkcre.application import Application

FOLDER = Path(__file__).parent.parent / "explanations"
"""Markdown, a section a code. Tests run the examples."""

SECTION = re.compile(r"^## (\S+)$\n", re.MULTILINE)


class UnknownCode(OperatorError):
    """Tell that there is no such code."""

    code = "unknown_code"


def explain(
    code: Annotated[
        str, typer.Argument(metavar="CODE", help="What stands in square brackets, as int_parsing.")
    ],
) -> None:
    """Tell what an error code means.

    With an example of what is wrong and of what is right.
    """
    from inkcre.settings.diagnostics import suggest
    from inkcre.settings.masks import show_key

    explanations = read_explanations()
    wanted = code.strip("[]")
    known = {name.lower(): name for name in explanations}
    name = known.get(wanted.lower())
    if name is None:
        meant = suggest(wanted.lower(), known)
        raise UnknownCode(
            f"{show_key(wanted)}: there is no such code",
            hint=f"did you mean {known[meant]}?" if meant else "docs/errors.md lists them",
        )
    print(f"{name}\n\n{_in_words_of(current_application(), explanations[name])}")


def _in_words_of(application: "Application", text: str) -> str:
    """Write examples as those of another application: its command, its variables, its file."""
    words = {
        "inkcre.toml": application.filename,
        "INKCRE_": application.prefix,
        "$ inkcre ": f"$ {application.name} ",
        "`inkcre ": f"`{application.name} ",
    }
    for ours, theirs in words.items():
        text = text.replace(ours, theirs)
    return text


def read_explanations() -> dict[str, str]:
    """Map each code to its explanation."""
    found: dict[str, str] = {}
    for path in sorted(FOLDER.glob("*.md")):
        pieces = SECTION.split(path.read_text(encoding="utf-8"))
        sections = zip(pieces[1::2], pieces[2::2], strict=True)
        found |= {code: text.strip() for code, text in sections}
    return found
