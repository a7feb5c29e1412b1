"""Commands that are lent what they name by type: a base is opened for each, and closed again."""

import inspect
from collections.abc import Callable
from datetime import datetime
from enum import Enum
from functools import update_wrapper
from io import IOBase
from pathlib import PurePath
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from uuid import UUID

import typer
from typer.models import ParameterInfo

from inkcre.cli.settings_options import Assignments, Profile

Command = Callable[..., Any]

TYPED = (str, int, float, bool, PurePath, datetime, UUID, Enum, IOBase, typer.Context)
"""What can be typed on a command line: https://typer.tiangolo.com/tutorial/parameter-types/."""

OPTIONS = (
    inspect.Parameter("profile", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Profile),
    inspect.Parameter("set_", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Assignments),
)


def lend_to(command: Command) -> Command:
    """Return a command that is lent what it names, with the options that say of which base.

    Raises:
        NotLent: it names what can neither be lent nor typed.
    """
    if all(map(_is_typed, _annotations(command))):
        return command  # and what lends is not loaded: it takes as long as all the rest of --help
    from inkcre.lending import find_parameters, refuse_unknown

    parameters = find_parameters(command)
    refuse_unknown(parameters, _can_be_typed)
    if not parameters.lent:
        return command

    def call(
        *, profile: str | None = None, set_: list[str] | None = None, **typed: object
    ) -> object:
        from inkcre.cli.bases import assemble, open_base

        if parameters.needs_base:
            with open_base(profile, set_) as components:
                return command(**typed, **parameters.lend(components))
        with assemble(profile, set_) as (_, components):
            return command(**typed, **parameters.lend(components))

    update_wrapper(call, command)
    delattr(call, "__wrapped__")  # typer would look behind it
    own = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in parameters.others.values()]
    signature = inspect.Signature([*own, *OPTIONS])
    call.__signature__ = signature  # type: ignore[attr-defined]
    call.__annotations__ = {name: p.annotation for name, p in signature.parameters.items()}
    return call


def lend_to_group(group: typer.Typer) -> typer.Typer:
    """Let all commands of a group be lent what they name.

    Raises:
        NotLent: one of them names what can neither be lent nor typed.
    """
    for command in group.registered_commands:
        if command.callback:
            command.callback = lend_to(command.callback)
    for inner in group.registered_groups:
        if inner.typer_instance:
            lend_to_group(inner.typer_instance)
    return group


def _annotations(command: Command) -> list[object]:
    return [hint for name, hint in command.__annotations__.items() if name != "return"]


def _is_typed(hint: object) -> bool:
    """Tell whether a parameter is surely what somebody types, as it is written."""
    if get_origin(hint) is Annotated:
        return any(isinstance(mark, ParameterInfo) for mark in get_args(hint)[1:])
    return not isinstance(hint, str) and _can_be_typed(hint)


def _can_be_typed(hint: object) -> bool:
    """Tell whether typer can make something of a type."""
    origin = get_origin(hint)
    if origin is Annotated or origin is Literal or hint in (NoneType, Any):
        return True
    if origin in (Union, UnionType, list, tuple):
        return all(map(_can_be_typed, get_args(hint)))
    return isinstance(hint, type) and origin is None and issubclass(hint, TYPED)
