"""Drop the lines that papers print around and inside articles; the rules are in ``boilerplate.toml``."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import attrs

from archive.vietnamese import exact_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from scraper.clean.blocks import Block

_RULES_FILE: Final = Path(__file__).with_name("boilerplate.toml")
_EDGE_MARKS: Final = ' .:;,!?…|»«›‹><*•#-–—+()[]"“”'
#: Two equal neighbours up to this length are one line printed twice; longer ones too, but are rarer.
_LONGEST_REPEATED: Final = 400


@attrs.frozen(kw_only=True)
class _Rules:
    longest: int
    lines: frozenset[str]
    patterns: tuple[re.Pattern[str], ...]
    before_links: frozenset[str]


@cache
def _rules() -> _Rules:
    values = tomllib.loads(_RULES_FILE.read_text(encoding="utf-8"))
    return _Rules(
        longest=values["longest"],
        lines=frozenset(map(_bare, values["lines"])),
        patterns=tuple(re.compile(pattern) for pattern in values["patterns"]),
        before_links=frozenset(map(_bare, values["before_links"])),
    )


def is_boilerplate(line: str) -> bool:
    """True when the whole *line* is one of the papers' fixed phrases."""
    rules = _rules()
    if len(line) > rules.longest:
        return False
    key = exact_key(line)
    return key.strip(_EDGE_MARKS) in rules.lines or any(x.search(key) for x in rules.patterns)


def without_boilerplate(blocks: Iterable[Block]) -> Iterator[Block]:
    """Text blocks without fixed phrases, headlines of other articles, marks alone, and repeated lines."""
    listing = False
    previous = ""
    for block in blocks:
        line = block.text or ""
        if not line.strip(_EDGE_MARKS) or is_boilerplate(line):
            listing = listing or _bare(line) in _rules().before_links
            continue
        if listing and block.linked:
            continue
        listing = False
        if line == previous and len(line) <= _LONGEST_REPEATED:
            continue
        previous = line
        yield block


def _bare(line: str) -> str:
    return exact_key(line).strip(_EDGE_MARKS)
