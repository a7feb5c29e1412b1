"""What can be set."""

import re
from typing import Annotated

from pydantic import AfterValidator, SecretStr
from pydantic_core import PydanticCustomError

from inkcre.framework import Section
from inkcre.settings.section import HttpAddress, SecretText


def _require_token(token: SecretStr) -> SecretStr:
    # It becomes a part of addresses.
    if not re.fullmatch(r"[0-9]+:[A-Za-z0-9_-]+", token.get_secret_value()):
        raise PydanticCustomError(
            "bot_token", "input should be a bot's token: digits, a colon, and what follows it"
        )
    return token


def _require_secret(secret: SecretStr) -> SecretStr:
    # https://core.telegram.org/bots/api#setwebhook takes one character; that is no secret.
    if not re.fullmatch(r"[A-Za-z0-9_-]{16,256}", secret.get_secret_value()):
        raise PydanticCustomError(
            "webhook_secret", "input should be 16 to 256 letters, digits, underscores and hyphens"
        )
    return secret


class TelegramSettings(Section):
    """A bot on Telegram, and the chats whose messages are kept."""

    # None, and not required: in a Worker both come with a request, long after the settings.
    token: Annotated[SecretText, AfterValidator(_require_token)] | None = None
    """The bot's token, which @BotFather gave."""

    secret: Annotated[SecretText, AfterValidator(_require_secret)] | None = None
    """What Telegram shows with each message, so that nobody else can send one: 16 to 256 letters,
    digits, underscores and hyphens, drawn at random. Without it nobody can."""

    chats: tuple[int, ...] = ()
    """Ids of the chats whose messages are kept. Those of groups and channels are negative."""

    api: HttpAddress = "https://api.telegram.org"
    """Where the Bot API is served."""
