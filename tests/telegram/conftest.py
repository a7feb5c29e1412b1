"""The Bot API, and chats of a test's own."""

import itertools
import json
import sys
from collections.abc import Iterator
from copy import deepcopy

import httpx2 as httpx
import pytest

from tests.telegram.bot_api import BotApi, Json, serve_bot_api
from tests.telegram.homes import FIRST_CHAT, INSTALLED, SECRET, read_update

HEADER = "X-Telegram-Bot-Api-Secret-Token"
PATH = "/telegram/webhook"

_chats = itertools.count(FIRST_CHAT)
_updates = itertools.count(1)


@pytest.fixture(scope="package", autouse=True)
def _installed() -> Iterator[None]:
    """Let the package be installed here, and not for tests that count what is."""
    sys.path.append(str(INSTALLED))
    yield
    sys.path.remove(str(INSTALLED))


@pytest.fixture(scope="session")
def bot_api() -> Iterator[BotApi]:
    """Serve the Bot API."""
    with serve_bot_api() as api:
        yield api


class Chat:
    """A chat of a test's own, in which everything is said in words of its own."""

    def __init__(self) -> None:
        self.id = next(_chats)
        self.mark = f"(in {self.id})"

    def update(self, name: str, **changes: object) -> Json:
        """Return a documented update as one of this chat; changes are of its message."""
        update = deepcopy(read_update(name))
        update["update_id"] = next(_updates)
        for key, value in update.items():
            if key == "update_id":
                continue
            message = value.get("message", value)
            if "chat" in message:
                message["chat"]["id"] = self.id
            value.update(changes)
            for words in ("text", "caption"):
                if words in value:
                    value[words] += f" {self.mark}"
        return update


@pytest.fixture
def chat() -> Chat:
    """Return a chat that no other test has."""
    return Chat()


def message_of(update: Json) -> Json:
    """Return what an update is about."""
    [key] = update.keys() - {"update_id"}
    found: Json = update[key]
    return found


def send(client: httpx.Client, update: object, secret: str = SECRET) -> httpx.Response:
    """Bring an update, as Telegram does."""
    content = update if isinstance(update, bytes) else json.dumps(update).encode()
    headers = {HEADER: secret, "content-type": "application/json"}
    return client.post(PATH, content=content, headers=headers)


def keep(client: httpx.Client, update: Json) -> bool:
    """Bring an update that is acknowledged; tell whether anything of it was new."""
    response = send(client, update)
    assert response.status_code == 200, response.text
    return bool(response.json()["kept"])
