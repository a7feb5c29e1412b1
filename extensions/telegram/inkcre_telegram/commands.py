"""``inkcre telegram``: the bot, from the command line."""

import json
from typing import Annotated

import typer

from inkcre.framework import Settings, Web
from inkcre_telegram.bot import Bot, examine_bot, reveal
from inkcre_telegram.http import PATH
from inkcre_telegram.settings import TelegramSettings
from inkcre_telegram.updates import KINDS

app = typer.Typer(no_args_is_help=True, help="The bot on Telegram.", rich_markup_mode=None)


@app.command("set-webhook")
def set_webhook(
    url: Annotated[
        str,
        typer.Argument(metavar="URL", help="Where Telegram reaches the base; it wants https."),
    ],
    web: Web,
    settings: Settings[TelegramSettings],
) -> None:
    """Tell Telegram where to bring messages, and what to show there. Those that wait come too."""
    address = url.rstrip("/").removesuffix(PATH) + PATH
    Bot(settings, web).ask(
        "setWebhook",
        url=address,
        secret_token=reveal(settings.secret, "secret"),
        allowed_updates=json.dumps(KINDS),
        drop_pending_updates="false",
    )
    print(f"messages come to {address}")


@app.command("status")
def show_status(web: Web, settings: Settings[TelegramSettings]) -> None:
    """Ask Telegram who the bot is, and whether its messages come."""
    print(examine_bot(web, settings))
