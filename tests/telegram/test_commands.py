"""``inkcre telegram`` and the doctor: the bot, and what keeps its messages from coming."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.cli.conftest import run_command
from tests.conftest import ROOT
from tests.telegram.bot_api import TOKEN, UNAUTHORIZED, BotApi, serve_bot_api
from tests.telegram.homes import INSTALLED, SECRET

SETTINGS = """
[web]
private_hosts = ["127.0.0.1"]

[extensions]
enabled = ["telegram"]

[extensions.telegram]
api = "{api}"
chats = [{chats}]
"""
PYTHONPATH = f"{ROOT / 'extensions' / 'telegram'}{os.pathsep}{INSTALLED}"
KINDS = ["message", "edited_message", "channel_post", "edited_channel_post"]

Run = Callable[..., CompletedProcess[str]]


@pytest.fixture
def api() -> Iterator[BotApi]:
    """Serve a Bot API of a test's own."""
    with serve_bot_api() as served:
        yield served


@pytest.fixture
def run(tmp_path: Path, api: BotApi) -> Run:
    """Return what runs a command with the extension enabled, on a base."""
    (tmp_path / "inkcre.toml").write_text(SETTINGS.format(api=api.url, chats="-100"))
    environ = {
        "PYTHONPATH": PYTHONPATH,
        "INKCRE_EXTENSIONS__TELEGRAM__TOKEN": TOKEN,
        "INKCRE_EXTENSIONS__TELEGRAM__SECRET": SECRET,
    }

    def run(*arguments: str, **more: str | None) -> CompletedProcess[str]:
        given = {name: value for name, value in {**environ, **more}.items() if value is not None}
        done = run_command(tmp_path, *arguments, **given)
        for secret in (TOKEN, SECRET):
            assert secret not in done.stdout + done.stderr
        return done

    assert run("migrate").returncode == 0
    return run


def test_webhook_is_set(run: Run, api: BotApi) -> None:
    """With the secret, and for the four kinds of messages; a path of one's own stays in front."""
    for url in ("https://base.example.org/ink", "https://base.example.org/ink/telegram/webhook"):
        done = run("telegram", "set-webhook", url)
        assert done.returncode == 0, done.stderr
        assert done.stdout == "messages come to https://base.example.org/ink/telegram/webhook\n"
        method, said = api.asked[-1]
        assert method == "setWebhook"
        assert json.loads(said.pop("allowed_updates")) == KINDS
        assert said == {
            "url": "https://base.example.org/ink/telegram/webhook",
            "secret_token": SECRET,
            "drop_pending_updates": "false",
        }
    done = run("telegram", "status")
    assert done.returncode == 0, done.stderr
    assert done.stdout == (
        "bot @keeper_bot, messages come to https://base.example.org/ink/telegram/webhook, 0 wait\n"
    )


def test_what_telegram_refuses_is_told(run: Run, api: BotApi) -> None:
    """In its words."""
    done = run("telegram", "set-webhook", "http://base.example.org")
    assert done.returncode != 0
    assert "An HTTPS URL must be provided for webhook" in done.stderr
    api.failures["setWebhook"].append(UNAUTHORIZED)
    done = run("telegram", "set-webhook", "https://base.example.org")
    assert done.returncode != 0
    assert "telegram: setWebhook: Unauthorized" in done.stderr
    assert "set extensions.telegram.token to what @BotFather gave" in done.stderr


@pytest.mark.parametrize("name", ["token", "secret"])
def test_missing_secret_is_named(run: Run, name: str) -> None:
    """Both may come late, so settings do not ask for them."""
    missing = {f"INKCRE_EXTENSIONS__TELEGRAM__{name.upper()}": None}
    done = run("telegram", "set-webhook", "https://base.example.org", **missing)
    assert done.returncode == 78
    assert f"telegram: extensions.telegram.{name} is not set" in done.stderr


@pytest.mark.parametrize(
    ("hook", "said"),
    [
        ({}, "there is no webhook"),
        ({"url": "https://x", "allowed_updates": ["message"]}, "does not get all messages"),
        (
            {
                "url": "https://x",
                "pending_update_count": 3,
                "last_error_date": 1790000000,
                "last_error_message": "Wrong response from the webhook: 401 Unauthorized",
            },
            "3 messages wait; Telegram was told at 2026-09-21 14:13 UTC: Wrong response",
        ),
    ],
)
def test_status_and_doctor_say_what_is_wrong(
    run: Run, api: BotApi, hook: dict[str, object], said: str
) -> None:
    """Both the same, with the remedy."""
    api.hook |= hook
    done = run("telegram", "status")
    assert done.returncode != 0
    assert said in done.stderr
    examined = run("doctor", "--format", "json")
    [probe] = [p for p in json.loads(examined.stdout)["probes"] if p["name"] == "telegram"]
    assert probe["status"] == "failed"
    assert said in probe["detail"]
    assert probe["help"]


def test_doctor_is_content(run: Run, api: BotApi, tmp_path: Path) -> None:
    """And tells of a bot whose chats nobody has named."""
    api.hook |= {"url": "https://x", "allowed_updates": KINDS}
    examined = run("doctor", "--format", "json")
    [probe] = [p for p in json.loads(examined.stdout)["probes"] if p["name"] == "telegram"]
    assert (probe["status"], probe["detail"]) == (
        "ok",
        "bot @keeper_bot, messages come to https://x, 0 wait",
    )
    (tmp_path / "inkcre.toml").write_text(SETTINGS.format(api=api.url, chats=""))
    assert "no chat is allowed" in run("telegram", "status").stderr


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        ("TOKEN", "123456", "bot_token"),
        ("TOKEN", "1:a/../b", "bot_token"),
        ("SECRET", "short", "webhook_secret"),
        ("SECRET", "a secret with spaces in it", "webhook_secret"),
    ],
)
def test_unusable_secrets_are_refused(run: Run, key: str, value: str, code: str) -> None:
    """Before anything is asked, and without showing them."""
    done = run("config", "check", **{f"INKCRE_EXTENSIONS__TELEGRAM__{key}": value})
    assert done.returncode == 78
    assert code in done.stderr + done.stdout
    assert value not in done.stderr + done.stdout
