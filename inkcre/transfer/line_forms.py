"""Lines of an export that are no stars: told apart by their first key, and read as forms."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Literal, TypeVar, cast

from pydantic import BaseModel, ValidationError

from inkcre.errors import CallerError
from inkcre.wording import say_fault

F = TypeVar("F", bound=BaseModel)
R = TypeVar("R")

LineKind = Literal["star", "file", "row", "source", "item"]

_FIRST_KEY = re.compile(rb'\s*\{\s*"(file|row|source|item)"\s*:')


class WrongLine(Exception):
    """Tell that a line makes no sense, or names what is not there; says why."""


def kind_of(line: bytes) -> LineKind:
    """Tell what a line is of, by its first key."""
    found = _FIRST_KEY.match(line)
    return cast("LineKind", found[1].decode()) if found else "star"


def write_line(kind: LineKind, said: Mapping[str, object]) -> bytes:
    """Write a line, with its end."""
    text = json.dumps({kind: said}, ensure_ascii=False, separators=(",", ":"))
    return text.encode() + b"\n"


def read_form(form: type[F], line: bytes, *, otherwise: str) -> F:
    """Read a line.

    Args:
        form: what it is to be.
        line: as it came.
        otherwise: what is said of one that is no JSON.

    Raises:
        WrongLine: it is not.
    """
    try:
        return form.model_validate(json.loads(line.decode(), parse_constant=_refuse))
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(name) for name in found["loc"])
        raise WrongLine(f"{where}: {say_fault(found)}") from None
    except (ValueError, RecursionError):
        raise WrongLine(otherwise) from None
    except OverflowError:
        raise WrongLine("a time is outside of the years 1 to 9999 in UTC") from None


def _refuse(constant: str) -> object:
    """Refuse what Python takes for JSON, and a database does not."""
    raise ValueError(constant)


def write_each(rows: Mapping[int, R], write: Callable[[list[R]], None]) -> dict[int, str]:
    """Write rows by the numbers of their lines; return what is wrong with lines.

    A database does not say which row broke a batch: then they are written one by one.
    """
    try:
        write(list(rows.values()))
    except CallerError as error:
        if len(rows) == 1:
            return dict.fromkeys(rows, error.message)
        bad: dict[int, str] = {}
        for number, row in rows.items():
            bad |= write_each({number: row}, write)
        return bad
    return {}
