"""The address at which readers reach the desk: its own host and path, when a web server stands in front."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Self
from urllib.parse import urlsplit

import attrs

from archive.desk.viewer import PLUGIN
from archive.errors import UsageError

if TYPE_CHECKING:
    from datasette.app import Datasette

#: Key of this plugin's configuration: scheme and host, without a slash at the end.
KEY: Final = "public_origin"
_NOT_IN_A_PATH: Final = frozenset("\"'<>\\ %?#")


@attrs.frozen(kw_only=True)
class PublicAddress:
    """Where the desk lies for its readers."""

    #: ``https://archive.example``; None when the request's own host is to be used.
    origin: str | None = None
    #: Path with a slash at both ends.
    prefix: str = "/"

    @classmethod
    def read(cls, text: str | None) -> Self:
        """Read ``--base-url``: a path such as ``/dqtv/``, or a whole address with or without one.

        Raises UsageError for anything else.
        """
        if text is None:
            return cls()
        try:
            parts = urlsplit(text.strip())
            is_address = parts.scheme in {"http", "https"} and bool(parts.hostname)
            port_is_good = parts.port != 0
        except ValueError:
            raise _refusal(text) from None
        is_path = not parts.scheme and not parts.netloc and parts.path.startswith("/")
        has_more = bool(parts.query or parts.fragment or parts.username)
        if not (is_address or is_path) or not port_is_good or has_more or not _is_plain(parts.path):
            raise _refusal(text)
        return cls(
            origin=f"{parts.scheme}://{parts.netloc}" if is_address else None,
            prefix=f"/{parts.path.strip('/')}/" if parts.path.strip("/") else "/",
        )


def _is_plain(path: str) -> bool:
    return (
        path.isascii()
        and path.isprintable()
        and not _NOT_IN_A_PATH.intersection(path)
        and "//" not in path
    )


def _refusal(text: str) -> UsageError:
    return UsageError(
        f"--base-url {text}: this is neither a path nor an address; write it as /dqtv/ or"
        " https://archive.example/dqtv/"
    )


def origin_of(datasette: Datasette) -> str | None:
    """Scheme and host this Datasette is configured with; None when the request's own are to be used."""
    config = datasette.plugin_config(PLUGIN)
    text = config.get(KEY) if isinstance(config, dict) else None
    return text if isinstance(text, str) else None
