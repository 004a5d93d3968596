"""Which addresses may be asked at all: web addresses of public hosts, and nothing else.

One guard for crawls (``scraper.middlewares.guard``, ``scraper.downloads``) and for ``dqtv sites``. It judges
the address as written and, again, the IP address a connection is about to go to: a name that leads
elsewhere, or to another place the second time, gets no further. Knows neither Scrapy nor HTTP.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import unicodedata
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit, urlunsplit

import attrs

from archive.errors import BadAddress, NotExplored
from scraper.sites.tables import is_web_address

if TYPE_CHECKING:
    from collections.abc import Collection

#: Scrapy setting: hosts, with port, that may be private; a crawl fills it with the demo papers' own.
PRIVATE_HOSTS_SETTING: Final = "DQTV_PRIVATE_HOSTS"
#: The way out of ``dqtv sites``.
ALLOW_PRIVATE: Final = "--allow-private for a server of your own"

_PORTS: Final = {"http": 80, "https": 443}
_LOWEST_FREE_PORT: Final = 1024
#: Global unicast (RFC 4291, 2.4): whatever lies outside is for local or special use.
_IPV6_UNICAST: Final = ipaddress.IPv6Network("2000::/3")
#: Networks in which an IPv6 address carries an IPv4 address in its last 32 bits: IPv4-compatible and
#: -mapped (RFC 4291, 2.5.5), -translated (RFC 2765), NAT64 (RFC 6052).
_CARRIERS: Final = tuple(
    map(ipaddress.IPv6Network, ("::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96"))
)
#: The only one of them through which a public IPv4 host may be reached.
_NAT64: Final = _CARRIERS[-1]
#: Interface identifiers that end in an IPv4 address (ISATAP, RFC 5214, 6.1).
_ISATAP: Final = frozenset({0x00005EFE, 0x02005EFE})
#: Names that never lead out to the internet (RFC 6761, RFC 6762, RFC 8375, and what routers use).
_LOCAL_NAMES: Final = (
    "localhost", "localdomain", "local", "internal", "intranet", "lan", "home", "corp", "home.arpa",
)  # fmt: skip
_NAME: Final = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)+\.?")
_NUMBER: Final = re.compile(r"\d+|0x[0-9a-f]*")


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
    """Refuses what is not out on the internet, except hosts that are named."""

    #: Hosts with port that may be private: the demo papers', servers of the operator's own.
    exempt: Collection[str] = ()
    #: Hosts with another port than 80 and 443 that are asked for by name.
    named: Collection[str] = ()
    #: Every host may be private.
    allow_private: bool = False
    #: What the user can do, in brackets behind a refusal of a private address.
    way_out: str = ""

    def check_url(self, url: str) -> tuple[str, int]:
        """Host and port of *url*; raises BadAddress with the reason, nothing is resolved."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError as error:
            raise BadAddress(f"{url!r} is no address ({error})") from error
        if parts.scheme not in _PORTS:
            raise BadAddress(f"{url!r} is no http or https address")
        if not host or "@" in parts.netloc or "\\" in parts.netloc:
            raise BadAddress(f"{url!r} has a user name in its host, or no host")
        port = _PORTS[parts.scheme] if port is None else port
        if self._may_be_private(host, port):
            return host, port
        self._check_host(host)
        is_named = parts.netloc.lower() in self.named and port >= _LOWEST_FREE_PORT
        if port not in _PORTS.values() and not is_named:
            raise BadAddress(
                f"port {port} of {host} is not visited, only 80 and 443 (and what a site file names)"
            )
        return host, port

    def check_address(self, host: str, port: int, address: str) -> None:
        """Raises BadAddress where *address*, to which *host* leads, is not out on the internet."""
        if is_private(address) and not self._may_be_private(host, port):
            raise self._private(host, address)

    def destination(self, url: str) -> tuple[str, int]:
        """IP address and port to connect to for *url*, resolved here and now.

        The connection goes to this very address, so that no second answer of the name server can lead
        elsewhere. Raises BadAddress for what is refused, NotExplored for names that lead nowhere.
        """
        host, port = self.check_url(url)
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or error
            raise NotExplored(f"{host} does not resolve to an address ({reason})") from error
        addresses = [str(entry[4][0]) for entry in found]
        for address in addresses:
            self.check_address(host, port, address)
        return addresses[0], port

    def _check_host(self, host: str) -> None:
        """The host as written: an IP address in its one usual form, or a name with a dot."""
        # full-width digits and the ideographic full stop are read as their plain forms (UTS 46)
        plain = unicodedata.normalize("NFKC", host).replace("\u3002", ".").lower().rstrip(".")
        if _is_address(plain):
            if is_private(plain):
                raise self._private(host, plain)
            return
        labels = plain.split(".")
        if _NUMBER.fullmatch(labels[-1]):
            raise BadAddress(f"{host} is a private address or an odd way of writing one{self._end}")
        if any(plain == name or plain.endswith(f".{name}") for name in _LOCAL_NAMES):
            raise self._private(host, "a name for local networks")
        if not _NAME.fullmatch(_ascii(plain)):
            raise BadAddress(
                f"{host} is no name of a public host: a private name or none{self._end}"
            )

    def _private(self, host: str, address: str) -> BadAddress:
        return BadAddress(
            f"{host} is a private address ({address}); only public newspapers are visited{self._end}"
        )

    @property
    def _end(self) -> str:
        return f" ({self.way_out})" if self.way_out else ""

    def _may_be_private(self, host: str, port: int) -> bool:
        return self.allow_private or f"{host.lower()}:{port}" in self.exempt


def is_private(address: str) -> bool:
    """True for every IP address that is not out on the internet: private, loopback, link-local ...

    An IPv6 address that carries an IPv4 address (mapped, NAT64, 6to4 ...) is as private as that.
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv4Address):
        return not ip.is_global or ip.is_multicast
    carrier = next((network for network in _CARRIERS if ip in network), None)
    if carrier is not None:
        # none but NAT64 is ever seen on the wire
        return carrier is not _NAT64 or is_private(str(_last_32_bits(ip)))
    is_isatap = int(ip) >> 32 & 0xFFFFFFFF in _ISATAP
    inner = _last_32_bits(ip) if is_isatap else ip.sixtofour
    if inner is not None and is_private(str(inner)):
        return True
    return ip not in _IPV6_UNICAST or not ip.is_global


def _last_32_bits(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address:
    return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def _ascii(host: str) -> str:
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        return host
