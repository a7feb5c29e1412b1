"""What all sections share: frozen, strict about unknown keys, documented by field docstrings."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError


def _identifier(name: str) -> str:
    if not name.isidentifier() or not name.isascii():
        raise PydanticCustomError(
            "binding_name", "a binding's name has letters, digits and underscores only"
        )
    return name


BindingName = Annotated[
    str,
    AfterValidator(_identifier),
    Field(json_schema_extra={"pattern": "^[A-Za-z_][A-Za-z0-9_]*$"}),
]
"""The name of a ``[bindings.NAME]`` table: a JavaScript identifier, as Workers require."""


def _nameable(path: Path) -> Path:
    if "\0" in str(path):
        raise PydanticCustomError("path_nul", "a path has no NUL character")
    return path


LocalPath = Annotated[Path, AfterValidator(_nameable), "local-path"]
"""A path on disk. Relative ones are resolved by the loader against the file that says them."""


class Section(BaseModel):
    """One TOML table: immutable, unknown keys refused, values never echoed in errors."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
        allow_inf_nan=False,
    )
