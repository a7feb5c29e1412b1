"""The rule about settings: whoever sets them is told what they mean, and secrets stay secret."""

import re
from collections.abc import Iterator
from typing import get_args

from inkcre.settings.nodes import Node, describe_model
from inkcre.settings.section import SOUND, Section
from inkcre.testing.extension.candidate import Candidate
from inkcre.testing.extension.references import REFERENCES
from inkcre.testing.extension.rules import Breach, ExtensionRule

SECRET_WORD = re.compile(r"(^|_)(token|password|passphrase|secret|credential|api_key|private_key)$")
"""What a setting is called that is a secret."""


def find_bad_settings(candidate: Candidate) -> Iterator[Breach]:
    """Yield what of the section can be changed, is not described, or may be shown."""
    section = candidate.section()
    if section is None:
        return
    place = f"settings: {section.__module__}:{section.__name__}"
    for fact, option in _list_loosened(section):
        yield Breach(place, fact, f"leave {option} as Section has it")
    if not section.__dict__.get("__doc__"):
        step = 'write one: """What the extension is told."""'
        yield Breach(place, "has no docstring, which the help shows", step)
    for path, node in describe_model(section).walk_leaves():
        yield from _examine_field(f"{place}: {'.'.join(path)}", path[-1], node)


def _list_loosened(section: type[Section]) -> Iterator[tuple[str, str]]:
    if not section.model_config.get("frozen"):
        yield "can be changed", "frozen"
    if section.model_config.get("extra") != "forbid":
        yield "takes any key, so that a misspelt one is not told", "extra"


def _examine_field(place: str, name: str, node: Node) -> Iterator[Breach]:
    info = node.info
    if info is None:  # what a table of named values holds
        return
    if not info.description:
        yield Breach(place, "is not described", "write a docstring under it")
    if info.is_required() and not info.examples:
        step = "give it a default, or Field(examples=[…])"
        yield Breach(place, "has neither a default nor an example", step)
    if node.is_secret and SOUND not in _marks(info.annotation, tuple(info.metadata)):
        fact = "is a SecretStr, which takes an empty text, quotes and the end of a line as well"
        yield Breach(place, fact, "make it a SecretText, of inkcre.framework")
    elif not node.is_secret and info.annotation is str and SECRET_WORD.search(name):
        fact = "is called as a secret and would be shown"
        yield Breach(place, fact, "make it a SecretText, of inkcre.framework, or name it otherwise")


def _marks(annotation: object, metadata: tuple[object, ...]) -> set[object]:
    """Return all that a type is annotated with, its members' included."""
    marks: set[object] = {mark for mark in metadata if mark is SOUND}
    marks |= {mark for mark in getattr(annotation, "__metadata__", ()) if mark is SOUND}
    for member in get_args(annotation):
        marks |= _marks(member, ())
    return marks


SETTINGS = ExtensionRule(
    "settings",
    "each setting is described and has a default or an example, secrets are SecretText, and"
    " nothing can be changed",
    find_bad_settings,
    after=(REFERENCES,),
)
