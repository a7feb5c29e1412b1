"""Addresses of the web, as others write them."""

import re
from urllib.parse import urljoin

from inkcre.sql.text import clean


def find_address(base: object, value: object) -> str | None:
    """Return an address of the web as a whole; None when it is none.

    Blanks around it are not of it, nor are line ends in it; others are escaped, as browsers do:
    https://url.spec.whatwg.org/#url-parsing
    """
    said = re.sub(r"[\t\r\n]", "", clean(str(value or "")).strip()).replace(" ", "%20")
    try:
        whole = urljoin(str(base), said) if said else ""
    except ValueError:
        return None
    scheme, colon, rest = whole.partition(":")
    whole = f"{scheme.lower()}{colon}{rest}"
    return whole if whole.startswith(("http://", "https://")) else None
