"""Variables that Kubernetes sets for its services, which look like ours where one has our name.

For a service ``inkcre`` every pod of its namespace has ``INKCRE_SERVICE_HOST``, ``INKCRE_PORT`` and
more, unless its ``enableServiceLinks`` is false. They are no settings:
https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
https://github.com/moby/moby/blob/v1.13.1/docs/userguide/networking/default_network/dockerlinks.md
"""

import re
from collections.abc import Mapping

_VALUES = {
    "_SERVICE_HOST": r"[0-9a-f.:]+",
    r"_SERVICE_PORT(?:_[A-Z0-9_]+)?": r"\d+",
    r"_PORT(?:_\d+_(?:TCP|UDP|SCTP))?": r"(?:tcp|udp|sctp)://[0-9a-f.:\[\]]+:\d+",
    r"_PORT_\d+_(?:TCP|UDP|SCTP)_PROTO": r"tcp|udp|sctp",
    r"_PORT_\d+_(?:TCP|UDP|SCTP)_PORT": r"\d+",
    r"_PORT_\d+_(?:TCP|UDP|SCTP)_ADDR": r"[0-9a-f.:]+",
}
"""What such a name ends with, and what stands in it: a person writes ``INKCRE_PORT=8000``, which is
a mistake that is to be told."""


def is_service_link(name: str, value: str, prefix: str) -> bool:
    """Tell whether a variable is Kubernetes', of a service whose name begins as our prefix does."""
    service = prefix.removesuffix("_")
    # A setting has two underscores, and no service's name has two dashes there.
    return "__" not in name and any(
        re.fullmatch(rf"{re.escape(service)}(?:_[A-Z0-9_]+?)?{end}", name)
        and re.fullmatch(said, value, re.IGNORECASE)
        for end, said in _VALUES.items()
    )


def find_service_links(environ: Mapping[str, str], prefix: str) -> list[str]:
    """Return the names of those in an environment, in order."""
    return sorted(n for n, value in environ.items() if is_service_link(n.upper(), value, prefix))
