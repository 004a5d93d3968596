"""Answers of the desk: pages rendered from its templates, JSON, errors in the reader's language."""

from __future__ import annotations

import csv
import hashlib
import io
from functools import cache, partial
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

import orjson
from datasette.utils.asgi import Response

from archive.desk import releases
from archive.desk.dates import (
    show_date,
    show_day,
    show_instant,
    show_instant_day,
    show_instant_minute,
    show_published,
)
from archive.desk.forms import error_form
from archive.desk.language import LANGUAGES, number, points, say, say_count, say_marked, strings
from archive.desk.metadata import VIETNAMESE_COLUMNS
from archive.desk.office import office_of
from archive.desk.security import POLICY
from archive.desk.sessions import archivist
from archive.desk.visit import TABLES_LANGUAGE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from datasette.app import Datasette
    from jinja2 import Environment

    from archive.desk.served import Served
    from archive.desk.visit import Visit

#: A page may be kept this long, also after another snapshot has become current.
_PAGE_HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "max-age=60",
    "Vary": "Accept-Language",
}
_STATIC: Final = {
    "desk.css": "text/css; charset=utf-8",
    "icon.svg": "image/svg+xml",
}


async def page(
    visit: Visit,
    template: str,
    served: Served | None,
    *,
    status: int = 200,
    private: bool = False,
    **values: object,
) -> Response:
    """A page of the desk from ``templates/dqtv/<template>.html``; nobody keeps a *private* one."""
    chosen = _templates(visit.datasette).get_template(f"dqtv/{template}.html")
    body = chosen.render({**context(visit, served), **values})
    headers = _PAGE_HEADERS | ({"Cache-Control": "no-store"} if private else {})
    return Response.html(body, status=status, headers=headers)


# Datasette's own environment renders with coroutines, which the desk's templates have no use for: it
# took twice the time (measured). It also looks at the files of a template before each page.
_TEMPLATES: WeakKeyDictionary[Any, Environment] = WeakKeyDictionary()


def _templates(datasette: Datasette) -> Environment:
    if datasette not in _TEMPLATES:
        # Datasette 1.0 has a method for it
        own = getattr(datasette, "jinja_env", None) or datasette.get_jinja_environment()
        _TEMPLATES[datasette] = own.overlay(enable_async=False, auto_reload=False)
    return _TEMPLATES[datasette]


def as_json(form: dict[str, object], *, status: int = 200) -> Response:
    """JSON in UTF-8 with the desk's headers."""
    return Response(
        orjson.dumps(form, option=orjson.OPT_INDENT_2),
        status=status,
        headers=dict(_PAGE_HEADERS),
        content_type="application/json; charset=utf-8",
    )


def as_csv(
    lines: Iterable[Sequence[object]], name: str, *, following: str | None = None
) -> Response:
    """The CSV file *name*; *following* is the address of the file that goes on behind it."""
    file = io.StringIO(newline="")
    csv.writer(file).writerows(lines)
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Security-Policy": POLICY,
        "Cache-Control": "max-age=60",
    }
    if following:
        headers["Link"] = f'<{following}>; rel="next"'
    # with a byte order mark, without which Excel reads Vietnamese wrongly
    content = file.getvalue().encode("utf-8-sig")
    return Response(content, headers=headers, content_type="text/csv; charset=utf-8")


def json_error(message: str, *, status: int) -> Response:
    """An error as JSON."""
    return as_json(error_form(message, status), status=status)


async def error(
    visit: Visit,
    served: Served | None,
    *,
    status: int,
    title: str,
    text: str,
    json: bool = False,
    reason: str | None = None,
) -> Response:
    """An error as a page or as JSON; *title* and *text* are already in the reader's language.

    *reason* is what Datasette says of it, in English.
    """
    if json:
        return json_error(reason or text, status=status)
    return await page(visit, "error", served, status=status, title=title, text=text, reason=reason)


def static_file(name: str) -> Response | None:
    """One of the desk's own static files, or None."""
    if name not in _STATIC:
        return None
    return Response(
        _static_bytes(name),
        headers={"Cache-Control": "public, max-age=86400", "Content-Security-Policy": POLICY},
        content_type=_STATIC[name],
    )


@cache
def _static_bytes(name: str) -> bytes:
    return (files(__package__) / "static" / name).read_bytes()


@cache
def _static_mark(name: str) -> str:
    return hashlib.sha256(_static_bytes(name)).hexdigest()[:8]


def context(visit: Visit, served: Served | None) -> dict[str, Any]:
    """What every template may use; ``t`` is the language's text, ``show_*`` its dates and numbers."""
    language = visit.language

    def text(key: str, **values: object) -> str:
        return say(language, key, **values)

    return {
        "visit": visit,
        "served": served,
        "has_downloads": releases.are_there(visit.datasette),
        "has_office": office_of(visit.datasette) is not None,
        "archivist": archivist(visit.request),
        "language": language,
        "languages": [(code, visit.in_language(code)) for code in LANGUAGES],
        "t": text,
        "marked": partial(say_marked, language),
        "named": lambda key, otherwise: strings(language).get(key, otherwise),
        "count": lambda key, value: say_count(language, key, value),
        "points": lambda value: points(language, value),
        "number": lambda value: number(language, value),
        "published": lambda text, precision: show_published(language, text, precision),
        "day": lambda text: show_day(language, text),
        "date": lambda day: show_date(language, day),
        "instant": lambda text: show_instant(language, text),
        "instant_minute": lambda text: show_instant_minute(language, text),
        "instant_day": lambda text: show_instant_day(language, text),
        "static": lambda name: (
            f"{visit.datasette.urls.path('/-/desk/')}{name}?{_static_mark(name)}"
        ),
    }


def tables_context(visit: Visit, served: Served | None) -> dict[str, Any]:
    """What the templates of Datasette's own pages may use, as ``desk``."""
    return {
        **context(visit, served),
        "languages": [(code, visit.in_language(code, name=TABLES_LANGUAGE)) for code in LANGUAGES],
        "vietnamese_columns": VIETNAMESE_COLUMNS,
    }
