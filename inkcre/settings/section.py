"""What all sections share: the table itself, and texts that name something outside of it.

A path, a host and a name are defined once, here, and so is what none of them can be. Something
would be made of it all the same: an empty path is the working folder, and a path in quotes is a new
folder whose name has them. Environments hand such values over: ``PATH=${DATA:-}``, ``PATH="data"``
in a file that keeps quotes, a line that ends in CR.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr
from pydantic_core import PydanticCustomError

from inkcre.settings.masks import mask_data

IN_MEMORY = ":memory:"
"""What stands for a path where something is kept in the process alone."""


class Discreet(BaseModel):
    """A model whose representation, which a traceback may have, is masked as all else is."""

    def __repr_args__(self) -> Iterator[tuple[str | None, object]]:
        """Return what its representation shows."""
        for name, value in super().__repr_args__():
            yield name, mask_data(str(value) if isinstance(value, Path) else value)


class Section(Discreet):
    """One TOML table: immutable, unknown keys refused, values never echoed in errors."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
        allow_inf_nan=False,
    )


@dataclass(frozen=True)
class Fault:
    """Why a text can name nothing: a stable code, the fact, and what to do."""

    code: str
    message: str
    help: str


EMPTY = Fault("empty_value", "input should not be empty", "write a value, or do not set it at all")
QUOTED = Fault("quoted_value", "the quotes are part of the value", "write it without them")
CONTROL = Fault(
    "control_character",
    "input should have no control character",
    "remove it: often it is the end of a line that another system wrote",
)
FAULTS = (EMPTY, QUOTED, CONTROL)

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def find_fault(text: str) -> Fault | None:
    """Tell why a text can be no path, host or name, as far as that can be said of all of them."""
    bare = text.strip()
    if not bare:
        return EMPTY
    if len(bare) > 1 and bare[0] == bare[-1] and bare[0] in "\"'":
        return QUOTED
    return CONTROL if _CONTROL.search(text) else None


def _require_sound(value: object) -> object:
    """Return what is sound, or no text at all, which its type refuses."""
    text = value.get_secret_value() if isinstance(value, SecretStr) else value
    fault = find_fault(str(text)) if isinstance(text, (str, Path)) else None
    if fault:
        raise PydanticCustomError(fault.code, fault.message)
    return value


SOUND = BeforeValidator(_require_sound)
"""Refuse what can be no path, host or name. It stands last, so that it is asked first, and pydantic
describes the bounds before it."""

_NOT_EMPTY = Field(json_schema_extra={"minLength": 1})

LocalPath = Annotated[Path, _NOT_EMPTY, SOUND, "local-path"]
"""A path on disk. Relative ones are resolved by the loader against the file that says them."""

Name = Annotated[str, _NOT_EMPTY, SOUND]
"""What something is called elsewhere: a bucket, a queue, a time zone, an entry point, an origin."""

ResourceId = Annotated[Name, "resource-id"]
"""The id that a platform gave: random as a secret is, and none."""

SecretText = Annotated[SecretStr, SOUND]
"""A secret. The length of what may not be shown is not described either."""


def require_host(name: str) -> str:
    """Return a host's name or address; refuse what is none."""
    if "/" in name or "@" in name or not name.isprintable() or " " in name or not name.strip("[]"):
        raise PydanticCustomError(
            "host_name", "input should be a host's name or address, such as nas.example.org"
        )
    return name


Host = Annotated[Name, AfterValidator(require_host)]
"""A host's name or address, without a port."""


def _require_http_address(url: str) -> str:
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname)
        is_address = is_address and parts.port != 0 and "@" not in parts.netloc
    except ValueError:
        is_address = False
    if not is_address or not url.isprintable() or " " in url:
        raise PydanticCustomError(
            "http_address", "input should be an address such as https://s3.example.org:9000"
        )
    return url


HttpAddress = Annotated[Name, AfterValidator(_require_http_address)]
"""The address of a service, without user information."""


def _require_identifier(name: str) -> str:
    if not name.isidentifier() or not name.isascii():
        raise PydanticCustomError(
            "binding_name", "a binding's name has letters, digits and underscores only"
        )
    return name


BindingName = Annotated[
    Name,
    AfterValidator(_require_identifier),
    Field(json_schema_extra={"pattern": "^[A-Za-z_][A-Za-z0-9_]*$"}),
]
"""The name of a ``[bindings.NAME]`` table: a JavaScript identifier, as Workers require."""


PROFILE_NAME = r"^[a-z0-9][a-z0-9_-]{0,63}$"
"""What a profile may be called: it is also a file's name."""
