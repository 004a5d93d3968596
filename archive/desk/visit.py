"""One request to the desk: its parameters, its language, and addresses that keep the language."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import parse_qsl, quote, quote_plus, urlencode

import attrs

from archive.desk.language import LANGUAGES, choose
from archive.desk.public_address import origin_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from datasette.app import Datasette
    from datasette.utils.asgi import Request

#: Parameters read from one address; facets may repeat.
_MAX_PARAMETERS = 200
#: Names the language on Datasette's own pages. There ``lang`` would be a condition on a column, and
#: no row fulfils it; parameters that begin with ``_`` are not, and its forms and links keep them.
TABLES_LANGUAGE: Final = "_lang"

Parameters = dict[str, list[str]]


@attrs.frozen(kw_only=True)
class Visit:
    """What a page needs to know of a request."""

    datasette: Datasette
    request: Request
    language: str
    #: Query parameters, in order, blank ones kept.
    parameters: Parameters

    @classmethod
    def of(cls, datasette: Datasette, request: Request) -> Self:
        """Read a request. Bytes that are no UTF-8 become replacement characters."""
        parameters = _parameters(request)
        return cls(
            datasette=datasette,
            request=request,
            language=choose(_asked(parameters), request.headers.get("accept-language")),
            parameters=parameters,
        )

    @property
    def language_asked(self) -> str | None:
        """The language named in the address, which links then keep."""
        asked = _asked(self.parameters)
        return asked if asked in LANGUAGES else None

    def given(self, names: Iterable[str], *, but: object = None) -> list[tuple[str, str]]:
        """Values of these parameters that a form sends again, blank ones and the parameter *but* left out."""
        return [
            (str(name), value)
            for name in names
            if name != but
            for value in self.parameters.get(name, ())
            if value.strip()
        ]

    def link(self, path: str, values: Mapping[str, Sequence[str]] | None = None) -> str:
        """Address of one of the desk's pages, in the language asked for."""
        pairs = [(name, value) for name, many in (values or {}).items() for value in many]
        if self.language_asked and "lang" not in (values or {}):
            pairs.append(("lang", self.language_asked))
        address = str(self.datasette.urls.path(path))
        written = "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in pairs)
        return f"{address}?{written}" if pairs else address

    def link_with(self, path: str, **changes: str | None) -> str:
        """Address of *path* with this request's parameters, some of them changed or (None) dropped."""
        values: dict[str, Sequence[str]] = {
            name: many for name, many in self.parameters.items() if name not in changes
        }
        for name, value in changes.items():
            if value is not None:
                values[name] = [value]
        return self.link(path, values)

    def of_datasette(self, address: str, **parameters: str) -> str:
        """Address of one of Datasette's own pages, in the language asked for."""
        if self.language_asked:
            parameters[TABLES_LANGUAGE] = self.language_asked
        return f"{address}?{urlencode(parameters)}" if parameters else address

    def in_language(self, language: str, *, name: str = "lang") -> str:
        """Address of this page in another language, named by the parameter *name*."""
        path = self.request.scope.get("route_path") or self.request.path
        base = str(self.datasette.setting("base_url"))
        if base != "/" and path.startswith(base):
            path = "/" + path[len(base) :]
        pairs = [
            (key, value)
            for key, many in self.parameters.items()
            if key not in {"lang", TABLES_LANGUAGE}
            for value in many
        ]
        return f"{self.datasette.urls.path(path)}?{urlencode([*pairs, (name, language)])}"

    def toggled(self, path: str, name: str, value: str) -> str:
        """Address of *path* with one value of a repeatable parameter added, or taken out; first page."""
        return self.toggles(path, name)(value)

    def toggles(self, path: str, name: str) -> Callable[[str], str]:
        """``toggled`` for many values: what their addresses have in common is written once."""
        given = [each for each in self.parameters.get(name, ()) if each]
        others: dict[str, Sequence[str]] = {
            key: many for key, many in self.parameters.items() if key not in {name, "page"}
        }
        every = self.link(path, {**others, name: given})
        added = f"{every}{'&' if '?' in every else '?'}{_quoted(name)}="

        def address(value: str) -> str:
            if value not in given:
                return f"{added}{_quoted(value)}"
            return self.link(path, {**others, name: [each for each in given if each != value]})

        return address

    def article(self, article_id: str, *, found_by: str | None = None) -> str:
        """Address of an article's page; *found_by* is the search text to be marked in it."""
        return self.link(article_path(article_id), {"q": [found_by]} if found_by else None)

    def absolute(self, path: str) -> str:
        """Full address of a path without parameters."""
        address = str(self.datasette.urls.path(path))
        if (origin := origin_of(self.datasette)) is not None:
            return f"{origin}{address}"
        return str(self.datasette.absolute_url(self.request, address))


def article_path(article_id: str) -> str:
    """Path of an article's page: ``/-/article/baocaobang:3162207``."""
    return f"/-/article/{quote(article_id, safe=':')}"


def changes_path(article_id: str) -> str:
    """Path of the page that compares an article's versions."""
    return f"{article_path(article_id)}/changes"


@lru_cache(maxsize=2_000)
def _quoted(text: str) -> str:
    # a page of results has some 150 links, which differ in one value of a facet
    return quote_plus(text)


def _asked(parameters: Parameters) -> str | None:
    given = parameters.get("lang") or parameters.get(TABLES_LANGUAGE) or []
    return next(iter(given), None)


def _parameters(request: Request) -> Parameters:
    raw: bytes = request.scope.get("query_string") or b""
    pairs = parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True)
    parameters: Parameters = {}
    for name, value in pairs[:_MAX_PARAMETERS]:
        parameters.setdefault(name, []).append(value)
    return parameters
