"""Who is logged in: a signed cookie that names an account, its password and when it ends.

It has the name of Datasette's own cookie, so that Datasette's log-out ends it, but another signature: only this
plugin takes it, and only as long as the account is there with the same password.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from itsdangerous import BadSignature

from archive.desk.office import office_of
from archive.desk.public_address import origin_of
from archive.errors import ArchiveError

if TYPE_CHECKING:
    from datasette.app import Datasette
    from datasette.utils.asgi import Request, Response

    from archive.accounts import Account
    from archive.desk.security import Message

COOKIE: Final = "ds_actor"
#: Seconds from log-in until one has to log in again, whatever one does meanwhile: a working day.
LASTS_S: Final = 12 * 3600
_NAMESPACE: Final = "dqtv-archivist"
#: Key in the actor that says it is one of our accounts.
_ARCHIVIST: Final = "archivist"


def begin(datasette: Datasette, request: Request, response: Response, account: Account) -> None:
    """Let *response* log the reader in."""
    response.set_cookie(
        COOKIE,
        signed(datasette, account),
        max_age=LASTS_S,
        secure=is_https(datasette, request.scope),
        httponly=True,
        samesite="lax",
    )


def signed(datasette: Datasette, account: Account) -> str:
    """The cookie of a session of *account* that begins now."""
    session = {"name": account.name, "mark": account.mark, "until": int(time.time()) + LASTS_S}
    return str(datasette.sign(session, _NAMESPACE))


def actor_of(datasette: Datasette, request: Request) -> dict[str, Any] | None:
    """The archivist a request comes from, or None. Reads the accounts each time."""
    office = office_of(datasette)
    signed = request.cookies.get(COOKIE)
    if office is None or not signed:
        return None
    try:
        session = datasette.unsign(signed, _NAMESPACE)
        account = office.accounts.find(session["name"])
    except (BadSignature, ArchiveError):
        return None
    if account is None or account.mark != session["mark"] or time.time() >= session["until"]:
        return None
    return {"id": account.name, _ARCHIVIST: True}


def archivist(request: Request) -> str | None:
    """The name of the archivist who asks, or None for everyone else."""
    actor = request.scope.get("actor")
    return str(actor["id"]) if actor and actor.get(_ARCHIVIST) is True else None


def is_https(datasette: Datasette, scope: Message) -> bool:
    """True when readers reach the desk by HTTPS: cookies are then for HTTPS only."""
    origin = origin_of(datasette) or ""
    return origin.startswith("https:") or scope.get("scheme") == "https"
