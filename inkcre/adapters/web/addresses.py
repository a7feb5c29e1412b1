"""Which addresses may be fetched: as a URL says them, and as the network has them.

What is refused is what the open Internet does not route, and the services that clouds put at
routable addresses: https://www.iana.org/assignments/iana-ipv4-special-registry/,
https://www.iana.org/assignments/iana-ipv6-special-registry/
"""

import ipaddress
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from urllib.parse import quote, urljoin, urlsplit

from inkcre.errors import Refused

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

MAX_URL = 8192
PORTS = {"http": 80, "https": 443}
SAFE = "%/:=&?~#+!$,;'@()*[]|"
"""What stays as it is in a path or a query; spaces and other letters are escaped."""

_UNWANTED = re.compile(r"[\x00-\x1f\x7f\\]")
_HOST = re.compile(r"[a-z0-9_.-]{1,253}|\[[0-9a-f:.]+\]")

# By hand: is_global of the standard library lets 16 of 52 addresses pass that are refused here,
# multicast, 6to4 and Azure's own among them (docs/architecture.md).
NOT_PUBLIC = tuple(
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
        "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16",
        "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",
        "168.63.129.16/32",  # Azure's own: https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16
    )
)  # fmt: skip
"""IPv4 that is not on the open Internet, multicast and what is reserved included."""

GLOBAL_IPV6 = ipaddress.ip_network("2000::/3")
"""All of IPv6 that is on the open Internet, but for what is taken out of it."""

NOT_PUBLIC_IPV6 = tuple(
    map(ipaddress.ip_network, ("2001::/23", "2001:db8::/32", "3fff::/20", "2002::/16"))
)
"""Protocol assignments, documentation, and 6to4, which leads to any IPv4 address."""

NAT64 = ipaddress.ip_network("64:ff9b::/96")
"""IPv4 as networks without IPv4 see it (RFC 6052)."""


@dataclass(frozen=True, slots=True)
class Target:
    """A URL that may be asked for, taken apart."""

    scheme: str
    host: str
    """In small letters, without the dot of the root; an IPv6 address without brackets."""

    port: int
    path: str
    """With the query."""

    @property
    def authority(self) -> str:
        """Return host and port as the Host header has them (RFC 9110, section 7.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """Return the URL again, in one spelling."""
        return f"{self.scheme}://{self.authority}{self.path}"


def parse_url(url: str) -> Target:
    """Take a URL apart, as narrowly as browsers and more: what two would read differently is out.

    Raises:
        Refused: it is no address of a page.
    """
    if len(url) > MAX_URL:
        raise Refused(f"address: longer than {MAX_URL} characters")
    url = url.strip(" ")
    if _UNWANTED.search(url):
        raise Refused("address: has a backslash or a control character in it")
    try:
        parts = urlsplit(url)
        port = parts.port
        host = (parts.hostname or "").encode("idna").decode().lower() if parts.hostname else ""
    except ValueError:
        raise Refused("address: not a URL") from None
    if parts.scheme not in PORTS:
        raise Refused(f"address: {parts.scheme or 'no scheme'}: only http and https are fetched")
    host = f"[{host}]" if ":" in host else host.removesuffix(".")
    if not _HOST.fullmatch(host):
        raise Refused("address: no name or address of a machine in it")
    if "@" in parts.netloc:
        raise Refused("address: has a user's name in it")
    if port == 0:
        raise Refused("address: there is no port 0")
    path = quote(parts.path or "/", safe=SAFE)
    query = f"?{quote(parts.query, safe=SAFE)}" if parts.query else ""
    return Target(parts.scheme, host.strip("[]"), port or PORTS[parts.scheme], f"{path}{query}")


def join_url(target: Target, location: str) -> Target:
    """Return where a redirect leads (RFC 9110, section 10.2.2).

    Raises:
        Refused: nowhere that may be fetched.
    """
    try:
        return parse_url(urljoin(target.url, location))
    except ValueError:
        raise Refused("address: redirected to what is not a URL") from None


def is_public(address: str) -> bool:
    """Tell whether an IP address is one of the open Internet."""
    try:
        parsed: IPAddress = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    # Both: an IPv6 address may stand for an IPv4 address that is private.
    return all(_is_routed(each) for each in (parsed, *_hidden(parsed)))


def _is_routed(address: IPAddress) -> bool:
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in NOT_PUBLIC)
    if address in NAT64:
        return True  # what matters is the address inside
    inside = address in GLOBAL_IPV6
    return inside and not any(address in network for network in NOT_PUBLIC_IPV6)


def _hidden(address: IPAddress) -> Iterator[IPAddress]:
    """Yield the IPv4 address that an IPv6 address stands for, if it does."""
    if isinstance(address, ipaddress.IPv6Address) and address in NAT64:
        yield ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)


def require_public(
    target: Target, addresses: Collection[str], *, open_hosts: Collection[str]
) -> None:
    """Raise unless every address that a host's name stands for may be connected to.

    One private address among public ones is enough to refuse: nobody has such a name by mistake.

    Raises:
        Refused: one may not.
    """
    if target.host in open_hosts:
        return
    if not all(map(is_public, addresses)):
        raise Refused(
            f"address: {target.host} is not on the open Internet",
            hint=f'if it is yours, add "{target.host}" to web.private_hosts',
        )
