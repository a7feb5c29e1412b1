"""Values of rows: their bounds, and how they come in requests."""

from pydantic import (
    BaseModel,
    ConfigDict,
)

MAX_NAME_LENGTH = 256

MAX_RELATION_LENGTH = 512
"""Relations are unique by content, and PostgreSQL takes 2,704 bytes in an index row."""

MAX_ID = 2**63 - 1


class Form(BaseModel):
    """A piece of a request: unknown keys are refused, input never echoed."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)
