"""Where readers open the archived copy of a page: a viewer such as pywb, if one is configured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlsplit

from archive.errors import UsageError
from archive.instants import read_instant

if TYPE_CHECKING:
    from datasette.app import Datasette

#: Name of this plugin in Datasette's configuration, and its one key.
PLUGIN: Final = "dqtv_desk"
KEY: Final = "viewer_url"
#: What stands in an address with a meaning; all else is written as %XX.
_KEPT: Final = ":/?[]@!$&'()*+,;=%"
_NOT_IN_A_BASE: Final = frozenset("\"'<>\\ ")


def read_viewer(text: str) -> str:
    """The address of a viewer's collection, without a slash at its end.

    Raises UsageError for what is no plain http or https address.
    """
    try:
        parts = urlsplit(text.strip())
        is_plain = bool(parts.hostname) and not (parts.query or parts.fragment or parts.username)
        good = parts.scheme in {"http", "https"} and is_plain and parts.port != 0
    except ValueError:
        good = False
    if not good or not text.strip().isprintable() or _NOT_IN_A_BASE.intersection(text.strip()):
        raise UsageError(
            f"--viewer-url {text}: this is no address of a viewer; write it as"
            " http://127.0.0.1:8002/dqtv"
        )
    return text.strip().rstrip("/")


def viewer_of(datasette: Datasette) -> str | None:
    """The viewer this Datasette is configured with; None when it has none, or none that can be used."""
    config = datasette.plugin_config(PLUGIN)
    text = config.get(KEY) if isinstance(config, dict) else None
    if not isinstance(text, str):
        return None
    try:
        return read_viewer(text)
    except UsageError:
        return None


def archived_copy(viewer: str | None, url: str | None, captured_at: str | None) -> str | None:
    """Address of the copy of *url* captured at *captured_at* (ISO 8601), or None.

    ``<viewer>/<14 digits>mp_/<url>``, as pywb has it.
    """
    if viewer is None or url is None or captured_at is None:
        return None
    if not url.startswith(("http://", "https://")):
        return None
    return f"{viewer}/{read_instant(captured_at):%Y%m%d%H%M%S}mp_/{quote(url, safe=_KEPT)}"
