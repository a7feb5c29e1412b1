"""What is masked by its looks, and what is not."""

import base64
import random
import string
import uuid

import pytest

from inkcre.settings.diagnostics import Diagnostic, Label
from inkcre.settings.masks import MASK, mask, mask_data, mask_forms
from inkcre.settings.renderers import render_github, render_json, render_text
from inkcre.settings.toml import Place

FORMS = {
    "postgresql://a:hunter2@h/d": f"postgresql://{MASK}@h/d",
    "POSTGRESQL://A:HUNTER2@H/D": f"POSTGRESQL://{MASK}@H/D",
    "https://hunter2@h": f"https://{MASK}@h",
    "redis://:hunter2@h": f"redis://{MASK}@h",
    "postgresql://a:one two@hunter2/@h/d": f"postgresql://{MASK}@h/d",
    "/folder/postgresql:/a:hunter2@h/d": f"/folder/postgresql:/{MASK}@h/d",
    "a:hunter2@h": f"{MASK}@h",
    "postgresql://h/d?user=a&password=hunter2&x=1": f"postgresql://h/d?user=a&password={MASK}&x=1",
    "host=h password='hunter 2' user=a": f"host=h password={MASK} user=a",
    '{"token": "hunter2"}': f'{{"token": {MASK}}}',
    "Authorization: Bearer hunter2hunter2": f"Authorization: Bearer {MASK}",
    "a -----BEGIN RSA PRIVATE KEY-----\nhunter2\n-----END RSA PRIVATE KEY----- b": f"a {MASK} b",
    "-----BEGIN PRIVATE KEY-----\\nhunter2": MASK,
    "ghp_hunter2planted": MASK,
    "sk-proj-hunter2planted": MASK,
    "AKIAIOSFODNN7EXAMPLE": MASK,
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.hunter2": MASK,
}


@pytest.mark.parametrize(("text", "left"), FORMS.items())
def test_form_of_a_secret_is_masked(text: str, left: str) -> None:
    """Twice is the same as once: what is masked is rendered by others that mask as well."""
    assert mask_forms(text) == left
    assert mask(text) == mask(left) == left


def alphabets() -> dict[str, str]:
    """Return the alphabets of tokens that have no prefix."""
    letters = string.ascii_letters + string.digits
    return {"hex": "0123456789abcdef", "base62": letters, "base64url": f"{letters}-_"}


@pytest.mark.parametrize("name", alphabets())
@pytest.mark.parametrize("length", [32, 40, 64])
def test_random_text_is_masked(name: str, length: int) -> None:
    """Of a thousand, ten may look like words by chance."""
    dice = random.Random(length)
    tokens = ["".join(dice.choices(alphabets()[name], k=length)) for _ in range(1000)]
    assert sum(MASK not in mask(token) for token in tokens) < 10


def test_key_of_amazon_is_masked() -> None:
    """With its slashes, which part it into pieces; their own example has words in it."""
    dice = random.Random(1)
    keys = [base64.b64encode(dice.randbytes(30)).decode() for _ in range(1000)]
    assert sum(MASK not in mask(key) for key in keys) < 10
    assert mask("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY") == MASK


@pytest.mark.parametrize(
    "text",
    [
        "https://app.example.org:8443/a?b=c",
        "https://0123456789abcdef0123456789abcdef.r2.cloudflarestorage.com",
        "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        str(uuid.UUID(int=0x550E8400E29B41D4A716446655440000)),
        "inkcre-files-7f3a9c2e1b4d5f60",
        "ep-cool-darkness-123456.us-east-2.aws.neon.tech",
        "/Users/Alice/Projects/MyThing/ConfigFiles2/AppSettingsFile.toml",
        "asia-northeast1",
        "Asia/Kuala_Lumpur",
        "profiles/server.toml:12:1",
        "git@github.com:owner/name.git",
        "set INKCRE_STORAGE__SECRET_ACCESS_KEY or INKCRE_STORAGE__SECRET_ACCESS_KEY_FILE",
        "storage.secret_access_key: input should have no control character",
        "name the origins, or write allow_credentials = false",
        "profile '../../etc/passwd': there is no such profile",
        "write postgresql://user:password@host:port/name",
        "* * * * *",
    ],
)
def test_what_is_no_secret_is_left(text: str) -> None:
    """Names, places, ids and our own hints can be read."""
    assert mask(text) == text


def test_long_text_is_masked_in_time() -> None:
    """A megabyte of whatever may be the beginning of something takes no longer than seconds."""
    for piece in ("a", ".", "_", "ab:/", "a:b ", "password=", "-----BEGIN ", "//a.", "'_"):
        mask(piece * (300_000 // len(piece)))


def test_data_is_masked_with_its_keys() -> None:
    """At every depth."""
    address = "postgresql://a:hunter2@h/d"
    masked = mask_data({address: [address, {"a": address}], "b": 5, "c": None})
    assert "hunter2" not in str(masked)
    assert isinstance(masked, dict)
    assert masked["b"] == 5


def test_diagnostic_keeps_no_secret() -> None:
    """Neither a way of writing it, nor its own representation in a traceback, can show it."""
    address = "postgresql://a:hunter2@h/d"
    label = Label(address, Place(1, 5, 9), f"key {address}", 5, len(address))
    problem = Diagnostic("code", address, address, (label, Label(address)), (address,), address)
    for written in (
        render_text([problem], command="inkcre"),
        render_json([problem]),
        render_github([problem]),
        repr(problem),
    ):
        assert "hunter2" not in written
