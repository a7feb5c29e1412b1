"""What is no business of a terminal, a log or an annotation, found by its looks.

A secret that stands where it belongs is masked by its setting's type. This is for the others: a
password in the name of a profile, a token at a misspelt key, a key file where a path is meant.

    | what it looks like                             | what is left of it                |
    |------------------------------------------------|-----------------------------------|
    | an address with user information               | scheme and host                   |
    | ``user:password@host`` without a scheme        | the host                          |
    | ``password=…``, ``"token": …``, ``Bearer …``   | the word before it                |
    | PEM, also cut off                              | nothing                           |
    | a token of a known form (``ghp_…``, ``AKIA…``) | nothing                           |
    | letters and digits that no one would make up   | nothing; by :func:`mask` alone    |

A short password by itself looks like any other word, and is not found.
"""

import re

MASK = "********"

PEM = re.compile(
    r"-----BEGIN [^\n-]*-----.*?(?:-----END [^\n-]*-----|\Z)", re.DOTALL | re.IGNORECASE
)

ADDRESS = re.compile(
    r"([a-z][a-z0-9+.-]{1,30}:/{1,3}(?!/))(?!user:password@[^@]*\Z).*@", re.DOTALL | re.IGNORECASE
)
"""Up to the last ``@``, since a password may have any character; one slash is left of two in a path
that was made of an address. What our own hints tell people to write is not one."""

USER = re.compile(r"(?<!\w)(?!user:password@)[^\s:/@\"'=]{1,256}:(?!/)[^\s@]{1,256}@(?=[\w\[])")

_NAME = (
    r"(?<![a-z0-9])[\w-]{0,32}"
    r"(?:password|passwd|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key)"
    r"[\w-]{0,32}"
)
NAMED = re.compile(
    rf"""
    ( {_NAME} ["']? \s*=\s* | ["'] {_NAME} ["'] \s*:\s* (?=["'])
    | (?<!\w)sig= | \bbearer\s+(?=\S{{8}}) )
    (?: "[^"]* (?:"|\Z) | '[^']* (?:'|\Z) | [^\s&"',;)}}\]]+ )
    """,
    re.IGNORECASE | re.VERBOSE,
)

TOKEN = re.compile(
    r"""
    (?<![A-Za-z0-9])
    (?: (?i: gh[opsur]_ | github_pat_ | glpat- | sk[-_] | rk_ | xox[a-z]- | xapp- | hf_ | npm_
           | pypi- | dop_v1_ | shpat_ | whsec_ | tskey- | dckr_pat_ | glsa_ | SG\. | ya29\. | AIza
           | age-secret-key-1 )
        [A-Za-z0-9_.~+/=-]{8,}
      | (?: AKIA | ASIA ) [A-Z0-9]{12,}
      | (?i: eyJ ) [A-Za-z0-9_-]{8,} (?: \.[A-Za-z0-9_-]+ )+
      | eyJ [A-Za-z0-9_-]{8,} )
    """,
    re.VERBOSE,
)
"""Prefixes that vendors give their tokens so that they are found in the wrong place, and the
beginning of every JSON Web Token. Names of variables are in capitals, whatever they were."""

WORD = re.compile(
    r"(?<![A-Za-z0-9])(?<!sha256:)(?<!sha256\+/)[A-Za-z0-9][A-Za-z0-9_~-]{18,}[A-Za-z0-9=]"
)
BASE64 = re.compile(r"(?<![\w/.~+=-])[A-Za-z0-9+][A-Za-z0-9+/=_-]{31,}")
ACCOUNT = re.compile(r"(?<=//)[0-9a-f]{32}(?=\.)")
"""An account's id, in the address of its R2: no secret, and all that tells two accounts apart."""

MIN_RANDOM = 20
MIN_CHANGES = 0.2
"""How often a random text changes between small letters, capitals and digits, by its length: 0.47
where it is hexadecimal, 0.44 where it is base64. Words that somebody made up have less."""
MIN_CHANGES_OF_MANY = 0.15
"""The same, of a long text with all three kinds; a path of names in CamelCase has 0.1."""

_CHANGE = re.compile(r"(?<=[a-z])[A-Z0-9]|(?<=[A-Z])[0-9]|(?<=[0-9])[A-Za-z]")


def mask_forms(text: str) -> str:
    """Mask what has the form of a secret; names, digests and ids stay."""
    text = PEM.sub(MASK, text)
    # ADDRESS looks for an @ from each beginning of one: behind the last it is not even tried.
    end = text.rfind("@") + 1
    text = ADDRESS.sub(rf"\1{MASK}@", text[:end]) + text[end:]
    text = USER.sub(f"{MASK}@", text)
    text = NAMED.sub(rf"\1{MASK}", text)
    return TOKEN.sub(MASK, text)


def mask(text: str) -> str:
    """Mask what has the form of a secret, and what is too random for anything else."""
    # Twice is the same as once: what was masked is rendered by others, which mask as well.
    text = BASE64.sub(lambda found: _mask_random(found[0], is_word=False), mask_forms(text))
    return WORD.sub(_mask_word, text)


def mask_data(value: object) -> object:
    """Mask every text of plain data, keys as well."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return {mask(str(key)): mask_data(item) for key, item in value.items()}
    return type(value)(map(mask_data, value)) if isinstance(value, (list, tuple)) else value


def is_revealing(text: str) -> bool:
    """Whether something of a text would be masked."""
    return mask(text) != text


def show_key(text: str) -> str:
    """Return a key that somebody typed; anything not of a key's shape may be a misplaced secret."""
    return mask(text) if re.fullmatch(r"[\w.-]{1,100}", text) else MASK


def _mask_word(found: re.Match[str]) -> str:
    is_account = ACCOUNT.match(found.string, found.start()) is not None
    return found[0] if is_account else _mask_random(found[0], is_word=True)


def _mask_random(text: str, *, is_word: bool) -> str:
    pieces = re.split("[_~=-]", text) if is_word else []
    is_random = any(len(piece) >= MIN_RANDOM and _changes(piece) >= MIN_CHANGES for piece in pieces)
    has_all = all(re.search(kind, text) for kind in ("[a-z]", "[A-Z]", "[0-9]"))
    least = MIN_CHANGES if is_word else MIN_CHANGES_OF_MANY
    return MASK if is_random or (has_all and _changes(text) >= least) else text


def _changes(text: str) -> float:
    return len(_CHANGE.findall(text)) / len(text)
