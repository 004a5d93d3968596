"""When two addresses are the same page: the key under which the frontier knows a URL."""

from __future__ import annotations

import re
from urllib.parse import urlsplit, urlunsplit

#: Query parameters that never change what a page shows.
_TRACKING = re.compile(r"^(utm_\w+|fbclid|gclid|zarsrc|zalo_\w+|mibextid|_gl)$")


def url_key(url: str) -> str:
    """Normalised form under which the frontier knows an address.

    Scheme, ``www.``, default port, fragment, tracking parameters and a trailing slash are dropped, the
    host is lower-cased, other query parameters are kept in their order (docs/design-notes.md#sites).
    """
    parts = urlsplit(url.strip())
    host = (parts.hostname or "").lower().removeprefix("www.")
    port = f":{parts.port}" if parts.port not in {None, 80, 443} else ""
    query = _own_query(parts.query)
    path = parts.path.rstrip("/") or "/"
    return f"{host}{port}{path}" + (f"?{query}" if query else "")


def path_key(url: str) -> str:
    """`url_key` without the host: the same for an address and its copy on a moved host."""
    key = url_key(url)
    return key[key.find("/") :]


def without_tracking(url: str) -> str:
    """The address without fragment and tracking parameters, otherwise as it is."""
    url = url.strip()
    if "?" not in url and "#" not in url:
        return url
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query=_own_query(parts.query), fragment=""))


def _own_query(query: str) -> str:
    return "&".join(
        pair for pair in query.split("&") if pair and not _TRACKING.match(pair.split("=", 1)[0])
    )
