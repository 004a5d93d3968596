"""Which addresses may be visited at all: web addresses of public hosts."""

from __future__ import annotations

import ipaddress
import socket
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit, urlunsplit

import attrs

from archive.errors import BadAddress, NotExplored
from scraper.sites.tables import is_web_address

if TYPE_CHECKING:
    from collections.abc import Collection

_PORTS: Final = {"http": 80, "https": 443}


def web_address(text: str) -> str:
    """*text* as an address with lower-case host and a path; raises BadAddress."""
    try:
        parts = urlsplit(text.strip())
        address = urlunsplit(
            (parts.scheme, parts.netloc.lower(), parts.path or "/", parts.query, "")
        )
        port = parts.port
    except ValueError:
        address, port = text, None
    if not is_web_address(address) or port == 0:
        raise BadAddress(f"{text!r} is no http or https address; write it as https://baovidu.vn/")
    return address


@attrs.frozen(kw_only=True)
class Guard:
    """Refuses hosts on private networks, except those named."""

    #: Hosts with port that may be private: the demo papers'.
    exempt: Collection[str] = ()
    #: Every host may be private.
    allow_private: bool = False

    def destination(self, url: str) -> tuple[str, int]:
        """IP address and port to connect to for *url* (checked by `web_address`).

        The connection goes to this very address, so that no second answer of the name server can lead
        elsewhere. Raises BadAddress for private hosts, NotExplored for names that lead nowhere.
        """
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or error
            raise NotExplored(f"{host} does not resolve to an address ({reason})") from error
        addresses = [str(entry[4][0]) for entry in found]
        if not self._may_be_private(parts.netloc):
            for address in addresses:
                if is_private(address):
                    raise BadAddress(
                        f"{host} is a private address ({address}); only public newspapers are visited"
                        " (--allow-private for a server of your own)"
                    )
        return addresses[0], port

    def _may_be_private(self, netloc: str) -> bool:
        return self.allow_private or netloc.lower() in self.exempt


def is_private(address: str) -> bool:
    """True for every IP address that is not out on the internet: private, loopback, link-local ..."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        ip = inner or ip
    return not ip.is_global or ip.is_multicast
