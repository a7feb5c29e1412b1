"""Needs a package that is compiled, of which no Worker has a wheel."""

import obstore
from pydantic import BaseModel


class Compiled(BaseModel):
    """Has a place."""

    kind: str = obstore.__name__
