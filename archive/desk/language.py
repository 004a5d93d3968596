"""The desk's two languages: every sentence shown lives in ``strings/<language>.toml``.

Values may hold ``{names}`` filled in by ``str.format``. A key ending in ``_one`` is its singular. English ones
may mark Vietnamese words by ``[[`` and ``]]`` for ``say_marked``.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from collections.abc import Mapping

LANGUAGES: Final = ("vi", "en")
DEFAULT: Final = "vi"
_THOUSANDS: Final = {"vi": ".", "en": ","}
_MARKED: Final = re.compile(r"\[\[(.*?)\]\]")
_DECIMAL: Final = {"vi": ",", "en": "."}


@cache
def strings(language: str) -> Mapping[str, str]:
    """Every string of one language, keyed ``section.name``."""
    text = (files(__package__) / "strings" / f"{language}.toml").read_text("utf-8")
    return {
        f"{section}.{name}": value
        for section, names in tomllib.loads(text).items()
        for name, value in names.items()
    }


def say(language: str, key: str, **values: object) -> str:
    """The string *key* in *language* with *values* filled in. Raises KeyError for an unknown key."""
    return strings(language)[key].format(**values)


def say_count(language: str, key: str, count: int) -> str:
    """The string *key* with ``{n}`` for the number, in the singular form where there is one."""
    chosen = f"{key}_one" if count == 1 else key
    return say(language, chosen, n=number(language, count))


def say_marked(language: str, key: str, **values: object) -> Markup:
    """The string *key* as HTML, what stands in it between ``[[`` and ``]]`` marked as Vietnamese.

    Voices would read Vietnamese words within an English sentence as if they were English.
    """
    said = Markup()
    for place, piece in enumerate(_MARKED.split(strings(language)[key])):
        text = piece.format(**values)
        said += Markup('<span lang="vi">{}</span>').format(text) if place % 2 else escape(text)
    return said


def number(language: str, value: int) -> str:
    """A whole number with the thousands mark of the language: 12.345 or 12,345."""
    return f"{value:,}".replace(",", _THOUSANDS[language])


def points(language: str, value: float, *, signed: bool = False) -> str:
    """A score with two decimals: 9,50 or 9.50; *signed* keeps the plus."""
    return format(value, "+.2f" if signed else ".2f").replace(".", _DECIMAL[language])


def share(language: str, value: float | None) -> str:
    """A share from 0 to 1 in percent: 12,3 % or 12.3%; small ones with two decimals; an en dash for none."""
    if value is None:
        return "–"
    percent = value * 100
    small = 0 < percent < 1
    return say(
        language, "site.percent",
        n=format(percent, ".2f" if small else ".1f").replace(".", _DECIMAL[language]),
    )  # fmt: skip


def choose(asked: str | None, accept_language: str | None) -> str:
    """The language to answer in: asked for by name, else the browser's first choice, else Vietnamese.

    *accept_language* is the header's value (RFC 9110, 12.5.4); languages the desk does not speak
    are passed over.
    """
    if asked in LANGUAGES:
        return asked
    return max(_offers(accept_language or ""), default=(0.0, DEFAULT), key=lambda offer: offer[0])[
        1
    ]


def _offers(header: str) -> list[tuple[float, str]]:
    offers = []
    for part in header.split(","):
        tag, _, parameter = part.strip().partition(";")
        language = tag.strip().lower().partition("-")[0]
        quality = _quality(parameter)
        if language in LANGUAGES and quality > 0:
            offers.append((quality, language))
    return offers


def _quality(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
