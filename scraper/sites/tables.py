"""Read TOML tables key by key and collect every mistake with its file and key, instead of raising."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import urlsplit

import attrs
from selectolax.lexbor import LexborHTMLParser, SelectolaxError

if TYPE_CHECKING:
    import enum

_Choice = TypeVar("_Choice", bound="enum.StrEnum")

_EMPTY_PAGE: Final = LexborHTMLParser("<p></p>")
_LONGEST_WAIT_S: Final = 86_400
_HOST: Final = re.compile(r"[a-z0-9.-]+(?::[0-9]{1,5})?")
_SLUG: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


@attrs.define
class Table:
    """One TOML table under reading.

    Every reader returns a value of its type even where the file has none that fits; the mistake then
    stands in *problems*, and what is built from the table must not be used.
    """

    #: File as people know it: ``papers/baocaobang.toml``.
    file: str
    values: dict[str, object]
    #: Shared by all tables of all files.
    problems: list[str]
    #: Path of this table within the file: ``seeds[0].``, or empty.
    path: str = ""
    #: Of the file's bytes, hex; empty for text that is in no file yet.
    sha256: str = attrs.field(default="", kw_only=True)
    _read: set[str] = attrs.field(factory=set, init=False)

    def mistake(self, key: str, problem: str) -> None:
        """Note *problem* of *key*."""
        self.problems.append(f"{self.file}: {self.path}{key}: {problem}")

    def text(self, key: str) -> str:
        """A string that must be there; empty when it is not."""
        if self.values.get(key) is None:
            self._read.add(key)
            self.mistake(key, "is required")
            return ""
        return self.text_or_none(key) or ""

    def text_or_none(self, key: str) -> str | None:
        """A non-empty string, or None."""
        value = self._take(key)
        if value is None:
            return None
        if not isinstance(value, str) or not value.strip():
            self.mistake(key, f"must be a non-empty string, not {value!r}")
            return None
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of strings; empty when there is none."""
        value = self._take(key)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(x, str) and x.strip() for x in value):
            self.mistake(key, f"must be a list of non-empty strings, not {value!r}")
            return ()
        return tuple(value)

    def text_map(self, key: str) -> dict[str, str]:
        """A table of strings; empty when there is none."""
        value = self._take(key)
        if value is None:
            return {}
        if not isinstance(value, dict) or not all(isinstance(x, str) for x in value.values()):
            self.mistake(key, f"must be a table of strings, not {value!r}")
            return {}
        return {str(name): str(text) for name, text in value.items()}

    def slug(self, key: str) -> str:
        """An id: lower-case letters, digits and single hyphens."""
        value = self.text(key)
        if value and not _SLUG.fullmatch(value):
            self.mistake(key, f"must be lower-case letters, digits and hyphens, not {value!r}")
        return value

    def integer(self, key: str, default: int, *, least: int) -> int:
        """A whole number of at least *least*."""
        value = self._take(key)
        if value is None:
            return default
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            self.mistake(key, f"must be a whole number of at least {least}, not {value!r}")
            return default
        return value

    def seconds(self, key: str, default: float) -> float:
        """A number of seconds, not negative."""
        value = self._take(key)
        if value is None:
            return default
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not 0 <= float(str(value)) <= _LONGEST_WAIT_S:
            self.mistake(
                key, f"must be a number of seconds from 0 to {_LONGEST_WAIT_S}, not {value!r}"
            )
            return default
        return float(str(value))

    def day_or_none(self, key: str) -> date | None:
        """A TOML date, or None."""
        value = self._take(key)
        if value is None:
            return None
        if not isinstance(value, date) or isinstance(value, datetime):
            self.mistake(key, f"must be a date such as 2024-03-01 (without quotes), not {value!r}")
            return None
        return value

    def choice(self, key: str, choices: type[_Choice], default: _Choice | None) -> _Choice | None:
        """A member of *choices*; *default* when there is none (required where that is None)."""
        name = self.text(key) if default is None else self.text_or_none(key)
        if not name:
            return default
        if name not in {str(x) for x in choices}:
            self.mistake(key, f"must be one of {', '.join(choices)}, not {name!r}")
            return default
        return choices(name)

    def pattern(self, key: str) -> re.Pattern[str] | None:
        """A regular expression, or None."""
        source = self.text_or_none(key)
        return None if source is None else self._compiled(key, source, ())

    def patterns(self, key: str, *, groups: tuple[str, ...] = ()) -> tuple[re.Pattern[str], ...]:
        """A list of regular expressions; those that do not compile are left out.

        Where *groups* are asked for, each must have one of them, and one alone may stand without a list.
        """
        if groups and isinstance(self.values.get(key), str):
            compiled = [self._compiled(key, self.text(key), groups)]
        else:
            compiled = [
                self._compiled(f"{key}[{at}]", source, groups)
                for at, source in enumerate(self.texts(key))
            ]
        return tuple(pattern for pattern in compiled if pattern is not None)

    def flag(self, key: str) -> bool:
        """True or false; false when there is none."""
        value = self._take(key)
        if value is not None and not isinstance(value, bool):
            self.mistake(key, f"must be true or false, not {value!r}")
        return value is True

    def selector(self, key: str) -> str:
        """A CSS selector that must be there."""
        value = self.text(key)
        self._check_selector(key, value)
        return value

    def selector_or_none(self, key: str) -> str | None:
        """A CSS selector, or None."""
        value = self.text_or_none(key)
        self._check_selector(key, value)
        return value

    def selectors(self, key: str) -> tuple[str, ...]:
        """A list of CSS selectors."""
        values = self.texts(key)
        for at, value in enumerate(values):
            self._check_selector(f"{key}[{at}]", value)
        return values

    def host_names(self, key: str, *, least: int = 1) -> tuple[str, ...]:
        """A list of at least *least* hosts, with port where it is not the default, without scheme."""
        values = self.texts(key)
        if len(values) < least and not self._has_mistake(key):
            self.mistake(key, "is required (at least one host)")
        for at, value in enumerate(values):
            if not _HOST.fullmatch(value):
                self.mistake(f"{key}[{at}]", f"must be a lower-case host name, not {value!r}")
        return values

    def url(self, key: str) -> str:
        """An absolute http or https address that must be there."""
        value = self.text(key)
        self._check_url(key, value)
        return value

    def url_or_none(self, key: str) -> str | None:
        """An absolute http or https address, or None."""
        value = self.text_or_none(key)
        self._check_url(key, value)
        return value

    def tables(self, key: str) -> list[Table]:
        """The tables of an array of tables, each with its own path."""
        value = self._take(key)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
            self.mistake(key, "must be a list of tables")
            return []
        return [
            Table(self.file, entry, self.problems, f"{self.path}{key}[{at}].")
            for at, entry in enumerate(value)
        ]

    def close(self) -> None:
        """Note every key that nobody asked for."""
        for key in self.values.keys() - self._read:
            self.mistake(key, f"unknown key; known here: {', '.join(sorted(self._read))}")

    def _take(self, key: str) -> object:
        self._read.add(key)
        return self.values.get(key)

    def _has_mistake(self, key: str) -> bool:
        return any(x.startswith(f"{self.file}: {self.path}{key}: ") for x in self.problems)

    def _compiled(self, key: str, source: str, groups: tuple[str, ...]) -> re.Pattern[str] | None:
        try:
            compiled = re.compile(source)
        except re.error as error:
            self.mistake(key, f"is no regular expression: {error}")
            return None
        if groups and not compiled.groupindex.keys() & set(groups):
            self.mistake(key, f"needs a group (?P<{groups[0]}>...) around the CMS's own number")
        return compiled

    def _check_selector(self, key: str, value: str | None) -> None:
        if not value:
            return
        try:
            _EMPTY_PAGE.css(value)
        except SelectolaxError:
            self.mistake(key, f"is no CSS selector: {value!r}")

    def _check_url(self, key: str, value: str | None) -> None:
        if value and not is_web_address(value):
            self.mistake(key, f"must be an absolute http or https address, not {value!r}")


def is_web_address(value: str) -> bool:
    """True for an absolute http or https address without spaces and with a host."""
    if any(character.isspace() for character in value):
        return False
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(_HOST.fullmatch(parts.netloc))
