"""The webhook: https://core.telegram.org/bots/api#setwebhook."""

import hmac
import logging
from typing import Annotated

from fastapi import Header
from pydantic import BaseModel, Field, ValidationError
from starlette.responses import Response

from inkcre.framework import Clock, Database, Router, Settings
from inkcre.http.bodies import RawBody, load_json
from inkcre.http.problems import Problem, problem_response, respond_to_validation
from inkcre.http.responses import documented
from inkcre_telegram.messages import keep_message
from inkcre_telegram.settings import TelegramSettings
from inkcre_telegram.updates import Update

PATH = "/telegram/webhook"

router = Router(tags=["telegram"])
logger = logging.getLogger("inkcre.telegram")


class WebhookAnswer(BaseModel):
    """What became of an update."""

    kept: bool = Field(description="Whether anything of it was new, and is kept")


def _is_ours(shown: str, settings: TelegramSettings) -> bool:
    expected = settings.secret.get_secret_value() if settings.secret else ""
    return bool(expected) and hmac.compare_digest(shown.encode(), expected.encode())


@router.post(
    PATH,
    response_model=WebhookAnswer,
    responses={
        **documented(WebhookAnswer, 200, 413),
        401: {"model": Problem, "description": "It is not Telegram who asks"},
    },
    summary="Take an update of Telegram's",
)
def receive_update(
    body: RawBody,
    database: Database,
    clock: Clock,
    settings: Settings[TelegramSettings],
    shown: Annotated[str, Header(alias="X-Telegram-Bot-Api-Secret-Token")] = "",
) -> WebhookAnswer | Response:
    """Keep the message of an update.

    All that is of no use is answered 200 as well: Telegram repeats what is not.
    """
    if not _is_ours(shown, settings):
        # RFC 9110, section 11.6.1, wants a scheme to be named; this one has no name of its own.
        headers = {"WWW-Authenticate": "Telegram"}
        return problem_response(401, "unauthorized", "Not allowed", "no access", headers=headers)
    try:
        update = Update.model_validate(load_json(body))
    except ValidationError as error:
        return respond_to_validation(error.errors(include_url=False, include_input=False))
    message = update.any_message
    if message is None:
        return WebhookAnswer(kept=False)
    if message.chat.id not in settings.chats:
        logger.info(
            "dropped a message: chat %d is not in extensions.telegram.chats", message.chat.id
        )
        return WebhookAnswer(kept=False)
    return WebhookAnswer(kept=keep_message(database, message, update.update_id, clock()))
