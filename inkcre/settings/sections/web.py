"""``[web]``: how pages of others are fetched."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from inkcre.settings.sections.base import Section


def _host(name: str) -> str:
    if not name or "/" in name or "@" in name or not name.isprintable() or " " in name:
        raise PydanticCustomError(
            "host_name", "input should be a host's name or address, such as nas.example.org"
        )
    return name.lower().strip("[]")


class WebLimits(Section):
    """How pages of others are fetched."""

    timeout_seconds: Annotated[float, Field(gt=0, le=300)] = 20
    """How long a page may take, with all redirects."""

    max_bytes: Annotated[int, Field(ge=1024)] = 10_485_760
    """The largest page that is taken, after its compression is undone."""

    max_redirects: Annotated[int, Field(ge=0, le=20)] = 5
    """How many redirects are followed."""

    private_hosts: tuple[Annotated[str, AfterValidator(_host)], ...] = ()
    """Hosts that may be fetched though they are not on the open Internet, as a URL names them."""


class SocketsSettings(WebLimits):
    """``kind = "sockets"``: over this process's own connections."""

    kind: Literal["sockets"] = "sockets"
    """This process's own connections."""


class FetchSettings(WebLimits):
    """``kind = "fetch"``: by the platform's own client."""

    kind: Literal["fetch"] = "fetch"
    """The platform's own client, ``fetch``."""


WebSettings = Annotated[SocketsSettings | FetchSettings, Field(discriminator="kind")]
