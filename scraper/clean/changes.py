"""What was changed in the text of an article, put together from its lines."""

from __future__ import annotations

from collections import Counter
from itertools import chain
from typing import TYPE_CHECKING, Final

from archive.model import ChangeKind, TextChange

if TYPE_CHECKING:
    from collections.abc import Iterable

_ORDER: Final = {kind.value: place for place, kind in enumerate(ChangeKind)}


def together(*parts: Iterable[TextChange]) -> tuple[TextChange, ...]:
    """One change of each kind with the sum of its counts, in the order of ``ChangeKind``."""
    counts: Counter[str] = Counter()
    for change in chain(*parts):
        counts[change.kind] += change.count
    return tuple(TextChange(kind, counts[kind]) for kind in sorted(counts, key=_place))


def of_whole_page(kinds: Iterable[str], texts: Iterable[str | None]) -> tuple[TextChange, ...]:
    """Changes by which the whole page was decoded, counted in the *texts* that are stored.

    Characters in ASCII read the same in all of these encodings and do not count.
    """
    kinds = tuple(kinds)
    if not kinds:
        return ()
    count = sum(len(text) - len(text.encode("ascii", "ignore")) for text in texts if text)
    return tuple(TextChange(kind, count) for kind in kinds if count)


def lost_characters(texts: Iterable[str]) -> tuple[TextChange, ...]:
    """U+FFFD in the *texts* that are stored: what the decoder put for bytes that it could not read."""
    count = sum(text.count("\ufffd") for text in texts)
    return (TextChange(ChangeKind.LOST.value, count),) if count else ()


def _place(kind: str) -> tuple[int, str]:
    return _ORDER[kind.partition(":")[0]], kind
