"""Configurations of sources: read, kept, and shown without their secrets."""

import json
from collections.abc import Mapping
from typing import get_args

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import InitErrorDetails, PydanticCustomError

from inkcre.ports.sources import SourceType

MASK = "**********"
"""What stands for a secret in an answer; given back, the secret stays."""


def read_config(kind: type[SourceType], config: Mapping[str, object]) -> BaseModel:
    """Make sense of a configuration; what is wrong with it is said as a part of the request."""
    try:
        return kind.config_model.model_validate(config)
    except ValidationError as error:
        details: list[InitErrorDetails] = [
            {
                "type": PydanticCustomError(found["type"], "{why}", {"why": found["msg"]}),
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


def unmask(config: Mapping[str, object], current: Mapping[str, object]) -> dict[str, object]:
    """Put the secrets back that an answer has masked."""
    return {name: current.get(name) if value == MASK else value for name, value in config.items()}


def is_secret(field: FieldInfo) -> bool:
    """Tell whether a field may hold a secret, be it annotated, or optional."""
    waiting: list[object] = [field.annotation]
    while waiting:
        annotation = waiting.pop()
        if annotation is SecretStr:
            return True
        waiting += get_args(annotation)
    return False
