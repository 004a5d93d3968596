"""Other ways to write what a reader looks for: the force's short name, and i for y.

Both are offered, shown and can be refused (``expand=0``); tone placement and Unicode forms are no
expansion, because ``exact_key`` makes them one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from archive.vietnamese import exact_key, nfc

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Names of the same thing, in comparing form.
_SAME: Final = (("dqtv", "dân quân tự vệ"),)
# kỹ thuật and kĩ thuật, công ty and công ti, quý and quí; not hai and hay, tai and tay
_I_OR_Y: Final = re.compile(r"(?<![^\W_])(h|k|l|m|s|t|qu)([iíìỉĩịyýỳỷỹỵ])(?![^\W_])")
_SWAPPED: Final = str.maketrans("iíìỉĩịyýỳỷỹỵ", "yýỳỷỹỵiíìỉĩị")
#: Longest text that is given other spellings; each adds to the work of the search.
_MOST_SYLLABLES: Final = 8


def variants(text: str) -> tuple[str, ...]:
    """Other ways to write a phrase, without the phrase itself; none for most.

    >>> variants("kỹ thuật")
    ('kĩ thuật',)
    >>> variants("DQTV")
    ('dân quân tự vệ',)
    """
    key = exact_key(nfc(text))
    if len(key.split()) > _MOST_SYLLABLES:
        return ()
    return tuple(dict.fromkeys(other for other in _other(key) if other != key))


def _other(key: str) -> Iterator[str]:
    for name, long_name in _SAME:
        for old, new in ((name, long_name), (long_name, name)):
            yield re.sub(rf"(?<![^\W_]){old}(?![^\W_])", new, key)
    yield _I_OR_Y.sub(lambda found: found[1] + found[2].translate(_SWAPPED), key)
