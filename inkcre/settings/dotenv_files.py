"""Variables out of ``.env`` files, each with the line that it stands in."""

import re
from collections.abc import Iterator
from pathlib import Path

from inkcre.settings.diagnostics import Diagnostic, Label
from inkcre.settings.origins import DotenvOrigin, display_path
from inkcre.settings.report import Report
from inkcre.settings.toml import Place
from inkcre.settings.variables import Variable

_REFERENCE = re.compile(r"\$\{[A-Za-z_]\w*(?::?[-+?][^}]*)?\}")
_LITERAL = re.compile(r"=[ \t]*'")


def dotenv_variables(path: Path, report: Report) -> list[Variable]:
    """Read an application's variables out of a ``.env`` file; others in it are somebody else's."""
    # The parser alone: dotenv_values tells no lines, and puts other variables into values.
    from dotenv.parser import parse_stream

    schema = report.schema

    found: list[Variable] = []
    try:
        with path.open(encoding="utf-8-sig") as stream:
            bindings = list(parse_stream(stream))
    except (OSError, UnicodeDecodeError) as error:
        subject = display_path(path)
        reason, help_ = "is not UTF-8 text", "save it as UTF-8"
        if isinstance(error, OSError):
            reason = f"cannot be read: {(error.strerror or 'no reason given').lower()}"
            help_ = "check the file's rights, or move it away"
        if isinstance(error, IsADirectoryError):
            reason = "is a folder, not a file"
        report.add(Diagnostic("unreadable_file", subject, reason, (Label(subject),), (), help_))
        return found
    for binding in bindings:
        line = binding.original.line + _leading_lines(binding.original.string)
        if binding.error:
            label = Label(display_path(path), Place(line, 1, 1))
            report.add(
                Diagnostic("dotenv_syntax", display_path(path), "not a NAME=value line", (label,))
            )
        elif binding.key and binding.value is not None:
            name = binding.key.upper()
            if name.startswith(schema.prefix) or name in {*schema.aliases, *schema.switches}:
                origin = DotenvOrigin(name, path, line, path.parent)
                variable = Variable(name, binding.value, origin)
                found.append(variable)
                if not _LITERAL.search(binding.original.string):
                    report.problems.extend(_refuse_reference(variable))
    return found


def _refuse_reference(variable: Variable) -> Iterator[Diagnostic]:
    """Tell that what others put the value of a variable in the place of, stays as it is here."""
    found = _REFERENCE.search(variable.value)
    if found:
        yield Diagnostic(
            "dotenv_reference",
            variable.name,
            f"{found[0]} stands in the value, and nothing is put in its place",
            (variable.label,),
            help="write the value itself, in single quotes if it is meant by the letter",
        )


def _leading_lines(text: str) -> int:
    # The parser counts blank lines before a binding as a part of it.
    return text[: len(text) - len(text.lstrip())].count("\n")
