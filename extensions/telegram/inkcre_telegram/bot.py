"""The Bot API, as far as it is asked: https://core.telegram.org/bots/api#making-requests.

The token is a part of every address. No error and no log has an address, or what was asked for.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NoReturn
from urllib.parse import quote, urlencode

from pydantic import SecretStr

from inkcre.errors import BadAnswer, Misconfigured
from inkcre.framework import Settings, TooLarge, Unavailable, Web
from inkcre.ports.web import Page
from inkcre.sql.rows import Json
from inkcre.sql.text import clean
from inkcre_telegram.settings import TelegramSettings
from inkcre_telegram.updates import KINDS

MAX_RETRY_SECONDS = 86400
MAX_SAID = 200
"""How much of what the API says of an error is passed on."""

Object = dict[str, Json]


class Bot:
    """A bot, by its token."""

    def __init__(self, settings: TelegramSettings, web: Web) -> None:
        self._api = settings.api.rstrip("/")
        self._token = reveal(settings.token, "token")
        self._web = web

    def ask(self, method: str, **parameters: str) -> Object:
        """Call a method; give its result, or nothing of one that gives no object.

        Raises:
            Unavailable: the API is busy, broken or not there.
            Misconfigured: it does not know the token.
            TooLarge: bots do not get a file of that size.
            BadAnswer: it refuses, or is no Bot API.
        """
        query = f"?{urlencode(parameters)}" if parameters else ""
        page = self._fetch(f"bot{self._token}/{method}{query}")
        said = _read_object(page.content)
        if page.status != 200 or said.get("ok") is not True:
            self._refuse(method, page, said)
        result = said.get("result")
        return result if isinstance(result, dict) else {}

    def download(self, path: str, size: int | None) -> bytes:
        """Return a file, by the path that ``getFile`` has given, and its size if that is known.

        Raises:
            Unavailable: it did not come, or not all of it: a path is good for an hour.
        """
        try:
            page = self._fetch(f"file/bot{self._token}/{quote(path)}")
        except BadAnswer as error:  # to the port that is the end, and a connection was cut
            raise Unavailable(f"telegram: a file did not come: {error.message}") from error
        if page.status != 200:
            raise Unavailable(f"telegram: a file did not come: status {page.status}")
        if size is not None and len(page.content) != size:
            raise Unavailable(f"telegram: {len(page.content)} of {size} bytes came of a file")
        return page.content

    def _fetch(self, address: str) -> Page:
        # With a header of our own: else a cache would keep the answer, and the address with it.
        return self._web.fetch(f"{self._api}/{address}", headers={"accept": "*/*"})

    def _refuse(self, method: str, page: Page, said: Object) -> NoReturn:
        why = clean(str(said.get("description") or f"status {page.status}"))
        # It does not quote addresses; whoever serves it elsewhere might.
        fact = f"telegram: {method}: {why.replace(self._token, '…')[:MAX_SAID]}"
        if page.status == 429 or page.status >= 500 or "temporarily unavailable" in why:
            raise Unavailable(fact, retry_after_seconds=_retry_after(said))
        if page.status in (401, 404):
            raise Misconfigured(fact, hint="set extensions.telegram.token to what @BotFather gave")
        raise TooLarge(fact) if "too big" in why else BadAnswer(fact)


def reveal(secret: SecretStr | None, name: str) -> str:
    """Return a secret of the settings.

    Raises:
        Misconfigured: it is not set.
    """
    if secret is None:
        setting = f"extensions.telegram.{name}"
        raise Misconfigured(f"telegram: {setting} is not set", hint=f"set {setting}")
    return secret.get_secret_value()


def _read_object(content: bytes) -> Object:
    try:
        said = json.loads(content)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _retry_after(said: Object) -> int:
    """Return what an answer asks for: https://core.telegram.org/bots/api#responseparameters."""
    parameters = said.get("parameters")
    seconds = parameters.get("retry_after") if isinstance(parameters, dict) else None
    return min(max(seconds, 1), MAX_RETRY_SECONDS) if isinstance(seconds, int) else 1


def examine_bot(web: Web, settings: Settings[TelegramSettings]) -> str:
    """Ask Telegram who the bot is, and what becomes of its messages; change nothing.

    Raises:
        Misconfigured: messages do not come, or are not kept; says all that is wrong.
        Unavailable: Telegram does not answer.
    """
    bot = Bot(settings, web)
    name, hook = bot.ask("getMe").get("username"), bot.ask("getWebhookInfo")
    faults = list(_find_faults(hook, settings))
    if faults:
        raise Misconfigured(
            f"telegram: bot @{name}: {'; '.join(fault for fault, _ in faults)}", hint=faults[0][1]
        )
    waiting = hook.get("pending_update_count", 0)
    return f"bot @{name}, messages come to {hook['url']}, {waiting} wait"


def _find_faults(hook: Object, settings: TelegramSettings) -> Iterator[tuple[str, str]]:
    """Yield what keeps messages from coming, each with its remedy."""
    again = "run `inkcre telegram set-webhook URL`"
    kinds = hook.get("allowed_updates")
    if not hook.get("url"):
        yield "there is no webhook, so that no message comes", again
    elif isinstance(kinds, list) and set(KINDS) - set(map(str, kinds)):
        yield "the webhook does not get all messages", again
    if not settings.chats:
        yield "no chat is allowed", "set extensions.telegram.chats to the ids of chats"
    waiting, told = hook.get("pending_update_count"), hook.get("last_error_message")
    if waiting and told:
        fact = f"{waiting} messages wait; Telegram was told at {_moment(hook)}: "
        remedy = "look at what answers there; a 401 is of another secret: set the webhook again"
        yield f"{fact}{clean(str(told))[:MAX_SAID]}", remedy


def _moment(hook: Object) -> str:
    when = hook.get("last_error_date")
    at = datetime.fromtimestamp(when, UTC) if isinstance(when, int) else None
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else "some time"
