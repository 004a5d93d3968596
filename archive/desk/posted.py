"""What a reader sent by a form of the desk: taken only with the token that the form was given."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datasette.utils.asgi import Request


async def read_form(request: Request) -> dict[str, str] | None:
    """The values of a form sent by POST, or None when it lacks the token of this reader.

    Datasette looks for the token too, but lets requests without any cookie or with an ``Authorization`` pass
    (asgi-csrf 0.11): enough to log a reader in by another's account.
    """
    try:
        values: dict[str, str] = await request.post_vars()
    except UnicodeDecodeError:
        return None
    given = values.pop("csrftoken", "").encode()
    # of a reader without the cookie it is made anew each time, so nothing equals it
    expected = str(request.scope["csrftoken"]()).encode()
    return values if secrets.compare_digest(given, expected) else None
