"""A socket to PostgreSQL, encrypted where the address asks for it: libpq's part, without libpq.

https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-PROTECTION
"""

import socket
import ssl
from contextlib import suppress
from struct import pack

from inkcre.adapters.database.addresses import SYSTEM_CERTIFICATES, Address
from inkcre.adapters.database.driver import NO_TLS, UNTRUSTED, refuse_own_fault
from inkcre.errors import Misconfigured

SSL_REQUEST = pack("!ii", 8, 80877103)
"""https://www.postgresql.org/docs/current/protocol-message-formats.html"""


def open_socket(address: Address, seconds: float | None) -> socket.socket:
    """Connect, and encrypt; nothing that is waited for takes longer than so many seconds.

    Raises:
        OSError: nobody is there, or the certificate is not trusted, or encryption is refused.
        Misconfigured: the file of certificates cannot be used.
    """
    path = address.socket_path
    if path is not None:  # never encrypted, as in libpq: it does not leave the machine
        return _connect_on_this_machine(path, seconds)
    context = None if address.ssl_mode == "disable" else _make_context(address)
    try:
        opened = socket.create_connection((address.host, address.port), seconds)
    except UnicodeError as error:  # Python's word for a name that no machine can have
        raise ConnectionError("no such host") from error
    try:
        # libpq sets both: a server that has vanished is noticed, and small messages go at once.
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return opened if context is None else _encrypt(opened, context, address)
    except BaseException:
        opened.close()
        raise


def hang_up(opened: socket.socket) -> None:
    """Close a socket at once, be it closed already.

    ``socket.close`` waits for the files of a socket. pg8000 has one, which is closed when nothing
    refers to it any more, and the traceback of what ended the connection does.
    """
    with suppress(OSError):
        socket.close(opened.detach())


def _connect_on_this_machine(path: str, seconds: float | None) -> socket.socket:
    opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        opened.settimeout(seconds)
        opened.connect(path)
    except BaseException:
        opened.close()
        raise
    return opened


def _encrypt(opened: socket.socket, context: ssl.SSLContext, address: Address) -> socket.socket:
    opened.sendall(SSL_REQUEST)
    answer = opened.recv(1)  # no more: what follows an S in clear was said by somebody else
    if answer == b"S":
        try:
            return context.wrap_socket(opened, server_hostname=address.host)
        except ssl.SSLCertVerificationError as error:
            raise refuse_own_fault(UNTRUSTED) from error
    if answer == b"N" and address.ssl_mode == "prefer":
        return opened
    if answer == b"N":
        raise refuse_own_fault(NO_TLS)
    raise ConnectionError("the server does not say whether it encrypts")


def _make_context(address: Address) -> ssl.SSLContext:
    # Not create_default_context(): since Python 3.13 that refuses certificates that libpq takes.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = address.ssl_mode == "verify-full"
    if address.ssl_mode in ("prefer", "require"):
        context.verify_mode = ssl.CERT_NONE
    elif address.ssl_root_certificate in (None, SYSTEM_CERTIFICATES):
        context.load_default_certs()
    else:
        try:
            context.load_verify_locations(address.ssl_root_certificate)
        except (OSError, ValueError):
            raise Misconfigured(
                "database.url: option sslrootcert: not a file of certificates that can be read"
            ) from None
    return context
