"""The source of a chat: its messages are its items."""

from typing import ClassVar

from inkcre.sources.base import SourceBase, SourceConfig, SourceState


class ChatConfig(SourceConfig):
    """Which chat."""

    chat: int
    """Its id."""


class TelegramSource(SourceBase[ChatConfig, SourceState]):
    """A chat on Telegram, whose messages a bot brings; the first one brings the source too."""

    name: ClassVar[str] = "telegram"
    config_model = ChatConfig
    place: ClassVar[tuple[str, ...]] = ("chat",)
