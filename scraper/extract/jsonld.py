"""The JSON-LD article of a page, also where the JSON is broken."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_WANTED: Final = (
    "headline",
    "name",
    "datePublished",
    "dateModified",
    "articleSection",
    "author",
)
_LOOSE: Final = {
    key: re.compile(rf'"{key}"\s*:\s*"((?:[^"\\]|\\.)*)"') for key in _WANTED if key != "author"
}
_ARTICLE_TYPE: Final = re.compile(r'"@type"\s*:\s*\[?\s*"\w*(?:Article|Posting)"')
#: Properties nested deeper than this are other things than the article.
_DEEPEST: Final = 3


def read_linked_data(scripts: Iterable[str]) -> dict[str, object]:
    """Wanted properties of the first article among the page's JSON-LD scripts (schema.org types).

    JSON that does not parse (raw line breaks, trailing commas) is searched for the properties' text.
    Values are as found: HTML entities in them are not resolved here.
    """
    for script in scripts:
        if "Article" not in script and "Posting" not in script:
            continue
        value = _parsed(script)
        article = _loosely_read(script) if value is None else next(_articles(value), {})
        wanted = {key: article[key] for key in _WANTED if article.get(key)}
        if wanted:
            return wanted
    return {}


def texts(value: object) -> Iterator[str]:
    """Every string in a property's value: itself, those of a list, the ``name`` of persons."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for entry in value:
            if isinstance(entry, str | dict):
                yield from texts(entry)
    elif isinstance(value, dict) and value.get("@type") != "Organization":
        name = value.get("name")
        if isinstance(name, str):
            yield name


def _parsed(script: str) -> object:
    try:
        return orjson.loads(script)
    except orjson.JSONDecodeError:
        pass
    try:
        # strict=False lets raw line breaks in strings pass, the commonest mistake
        return json.loads(script, strict=False)
    except (ValueError, RecursionError):
        return None


def _articles(value: object, depth: int = 0) -> Iterator[dict[str, object]]:
    if depth > _DEEPEST:
        return
    if isinstance(value, list):
        for entry in value:
            yield from _articles(entry, depth + 1)
    elif isinstance(value, dict):
        if _is_article(value.get("@type")):
            yield value
        yield from _articles(value.get("@graph"), depth + 1)


def _is_article(kind: object) -> bool:
    names = kind if isinstance(kind, list) else [kind]
    return any(isinstance(x, str) and x.endswith(("Article", "Posting")) for x in names)


def _loosely_read(script: str) -> dict[str, object]:
    if _ARTICLE_TYPE.search(script) is None:
        return {}
    found = ((key, pattern.search(script)) for key, pattern in _LOOSE.items())
    return {key: _unescaped(match[1]) for key, match in found if match}


def _unescaped(text: str) -> str:
    try:
        return str(json.loads(f'"{text}"', strict=False))
    except ValueError:
        return text
