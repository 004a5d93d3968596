"""Post a notice as JSON to an address of the operator's own."""

from __future__ import annotations

import http.client
import ssl
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import orjson

from archive.errors import NotSent
from archive.instants import utc_text
from archive.notices.message import Taken

if TYPE_CHECKING:
    from archive.notices.message import Letter
    from archive.notices.settings import WebhookSettings

#: Seconds for each part of the answer.
TIMEOUT_S: Final = 20.0
#: Bytes of an answer that are read, to show why a notice was refused.
_READ: Final = 300


def as_json(letter: Letter) -> bytes:
    """*letter* as one line of JSON."""
    message = letter.message
    return orjson.dumps(
        {"id": letter.id, "kind": message.kind, "created_at": utc_text(letter.created_at),
         "subject": message.subject, "text": message.body, **message.payload}
    )  # fmt: skip


def post(settings: WebhookSettings, letter: Letter) -> Taken:
    """Post *letter*. Anything but 2xx raises NotSent, redirects included."""
    parts = urlsplit(settings.url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    make = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = make(parts.hostname or "", parts.port, timeout=TIMEOUT_S)
    headers = {"Content-Type": "application/json", "User-Agent": "dqtv-archive"}
    try:
        connection.request("POST", target, body=as_json(letter), headers=headers)
        answer = connection.getresponse()
        said = answer.read(_READ).decode("utf-8", "replace")
    except ssl.SSLError as error:
        reason = getattr(error, "verify_message", "") or error.reason or error
        raise NotSent(f"no encrypted connection with {settings.host}: {reason}") from error
    except TimeoutError as error:
        raise NotSent(f"{settings.host} did not answer within {TIMEOUT_S:.0f} s") from error
    except (OSError, http.client.HTTPException) as error:
        said = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise NotSent(f"{settings.host}: {said}") from error
    finally:
        connection.close()
    line = f"{settings.host} answered {answer.status} {answer.reason}"
    if answer.status // 100 != 2:  # noqa: PLR2004 - success
        hint = "; it has moved, set the new address" if answer.status // 100 == 3 else ""  # noqa: PLR2004 - redirects
        raise NotSent(f"{line}{hint} {' '.join(said.split())}".strip())
    return Taken(said=line)
