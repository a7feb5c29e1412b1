"""An open door: what others send, in messages that they sign or as star graphs."""

import json
from collections.abc import Mapping as Headers
from datetime import datetime
from typing import Annotated, ClassVar

from pydantic import AfterValidator, SecretStr
from pydantic_core import PydanticCustomError

from inkcre.errors import Forbidden, Invalid
from inkcre.runtime.depth import is_deep
from inkcre.sources.base import Item, SourceBase, SourceConfig, SourceState
from inkcre.sources.types.mapping import BlockMapping, Mapping
from inkcre.sources.types.signatures import decode_secret, verify


def _usable(secret: SecretStr) -> SecretStr:
    try:
        decode_secret(secret.get_secret_value())
    except ValueError as error:
        raise PydanticCustomError(
            "secret",
            'input should be "whsec_" and 24 to 64 bytes in base64: {why}',
            {"why": str(error)},
        ) from None
    return secret  # fmt: skip


class InboxConfig(SourceConfig):
    """Who may send, and what becomes of it."""

    secret: Annotated[SecretStr, AfterValidator(_usable)] | None = None
    """What messages are signed with: ``whsec_`` and base64. Without it no hook is open; with it
    items are taken only signed."""

    mapping: Mapping = Mapping(block=BlockMapping(content=""))
    """How a message becomes a star graph; without it, the whole message is a block of text."""


class InboxSource(SourceBase[InboxConfig, SourceState]):
    """An inbox: signed JSON at ``/hooks/{id}``, star graphs at ``/sources/{id}/items``."""

    name: ClassVar[str] = "inbox"
    config_model = InboxConfig
    place: ClassVar[tuple[str, ...]] = ("mapping",)
    takes_items: ClassVar[bool] = True

    def admit(self, headers: Headers[str, str], body: bytes, now: datetime) -> str | None:
        """Return the id of a message, if this source has a secret that it is signed with.

        Raises:
            Forbidden: it is not signed with the source's secret, or not lately.
        """
        if self.config.secret is None:
            return None
        return verify(self.config.secret.get_secret_value(), headers, body, now)

    def receive(self, headers: Headers[str, str], body: bytes, now: datetime) -> list[Item]:
        """Return the items of a message.

        Raises:
            Forbidden: it is not signed with the source's secret, or not lately.
            Invalid: it is not JSON, or has not what the mapping asks for.
        """
        # First of all: what is not signed is not even parsed.
        message_id = self.admit(headers, body, now)
        if message_id is None:
            raise Forbidden(
                f"source {self.context.source_id}: takes no messages",
                hint="give it a secret, as config.secret",
            )
        if is_deep(body):
            raise Invalid("nested too deeply", field="body")
        try:
            message: object = json.loads(body)
        except (ValueError, RecursionError):
            raise Invalid("not JSON", field="body") from None
        return list(self.config.mapping.map(message, message_id))
