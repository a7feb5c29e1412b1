"""``[web]``: how pages of others are fetched."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from inkcre.settings.section import Host, Section


def _as_in_url(host: str) -> str:
    return host.lower().strip("[]")


class WebLimits(Section):
    """How pages of others are fetched."""

    timeout_seconds: Annotated[float, Field(gt=0, le=300)] = 20
    """How long a page may take, with all redirects."""

    max_bytes: Annotated[int, Field(ge=1024)] = 10_485_760
    """The largest page that is taken, after its compression is undone."""

    max_redirects: Annotated[int, Field(ge=0, le=20)] = 5
    """How many redirects are followed."""

    private_hosts: tuple[Annotated[Host, AfterValidator(_as_in_url)], ...] = ()
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
