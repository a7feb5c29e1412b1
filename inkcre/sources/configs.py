"""Configurations of sources: how they are read, changed in part, kept, and shown."""

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import get_args

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import InitErrorDetails, PydanticCustomError

from inkcre.ports.sources import SourceType
from inkcre.wording import say_fault

MASK = "**********"
"""What stands for a secret in an answer; given back, the secret stays."""


def read_config(kind: type[SourceType], config: Mapping[str, object]) -> BaseModel:
    """Make sense of a configuration; what is wrong with it is said as a part of the request."""
    try:
        return kind.config_model.model_validate(config)
    except ValidationError as error:
        details: list[InitErrorDetails] = [
            {
                "type": PydanticCustomError(found["type"], "{why}", {"why": say_fault(found)}),
                "loc": ("config", *found["loc"]),
                "input": None,
            }
            for found in error.errors(include_url=False, include_input=False)
        ]
        raise ValidationError.from_exception_data(kind.name, details, hide_input=True) from None


def dump_config(config: BaseModel) -> str:
    """Write a configuration with its secrets."""
    # pydantic writes a SecretStr as asterisks.
    plain = config.model_dump(mode="json")
    for name, value in config:
        if isinstance(value, SecretStr):
            plain[name] = value.get_secret_value()
    return json.dumps(plain, ensure_ascii=False)


def merge_config(current: Mapping[str, object], patch: Mapping[str, object]) -> dict[str, object]:
    """Return a configuration with a change made to it; a masked secret stays what it is."""
    return _merge(current, {name: said for name, said in patch.items() if said != MASK})


def _merge(current: Mapping[str, object], patch: Mapping[str, object]) -> dict[str, object]:
    """Apply a JSON Merge Patch: https://www.rfc-editor.org/rfc/rfc7396#section-2."""
    merged = dict(current)
    for name, said in patch.items():
        if said is None:
            merged.pop(name, None)
        elif isinstance(said, Mapping):
            former = merged.get(name)
            merged[name] = _merge(former if isinstance(former, Mapping) else {}, said)
        else:
            merged[name] = said
    return merged


def is_elsewhere(
    kind: type[SourceType], former: Mapping[str, object], config: Mapping[str, object]
) -> bool:
    """Tell whether two configurations of a type, as they are kept, are of different places."""
    fields = kind.config_model.model_fields
    place = kind.place
    if place is None:
        place = tuple(name for name, info in fields.items() if not is_secret(info))
    # A version before may have had fewer fields: those are what they are by default. What it wrote
    # is compared as it is where it makes no sense any more.
    with suppress(ValidationError):
        former = json.loads(dump_config(kind.config_model.model_validate(former)))
    return any(former.get(name) != config.get(name) for name in place)


def is_secret(field: FieldInfo) -> bool:
    """Tell whether a field may hold a secret, be it annotated, or optional."""
    waiting: list[object] = [field.annotation]
    while waiting:
        annotation = waiting.pop()
        if annotation is SecretStr:
            return True
        waiting += get_args(annotation)
    return False
