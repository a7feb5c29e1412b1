"""Messages of Telegram chats, kept in an InKCre base."""

from inkcre.framework import Extension

TELEGRAM = Extension(
    name="telegram",
    summary="Messages of Telegram chats, by a bot",
    settings="inkcre_telegram.settings:TelegramSettings",
    routers=("inkcre_telegram.http:router",),
    jobs=("inkcre_telegram.jobs:FETCH",),
    source_types={"telegram": "inkcre_telegram.sources:TelegramSource"},
    commands={"telegram": "inkcre_telegram.commands:app"},
    probes={"telegram": "inkcre_telegram.bot:examine_bot"},
    migrations="inkcre_telegram.tables:MIGRATIONS",
)
