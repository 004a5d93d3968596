"""The advanced form: what its fields say, written as one query in the desk's own language.

There is one way to search; the form is another way to type it. Its answer is a query that the reader
sees, can learn from, change, link to and cite.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from archive.desk.problems import SearchProblem
from archive.desk.query import DISTANCE, MAX_DISTANCE
from archive.vietnamese import syllables

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: Fields of the form besides the facets and dates of every search.
FIELDS: Final = ("all", "phrase", "any", "none", "near", "near_other", "distance", "part")
#: Parts of an article that can be chosen.
PARTS: Final = ("title", "sapo", "body")


def compose(values: Mapping[str, Sequence[str]]) -> str:
    """The query that the form's fields ask for.

    ``all``: words wanted; ``phrase``: words in this order; ``any``: one of these, separated by
    commas; ``none``: none of these; ``near`` and ``near_other``: at most ``distance`` words apart;
    ``part``: where ``all`` and ``phrase`` must stand. Raises SearchProblem naming the field.
    """
    fields = {name: _plain(next(iter(values.get(name, ())), "")) for name in FIELDS}
    part = fields["part"]
    if part and part not in PARTS:
        raise SearchProblem("bad_part", parameter="part", value=part[:100])
    where = f"{part}:" if part else ""
    common = [f"{where}{fields['all']}"] if syllables(fields["all"]) else []
    if syllables(fields["phrase"]):
        common.append(f'{where}"{fields["phrase"]}"')
    common += _near(fields)
    others = [f'"{text}"' for text in _listed(fields["any"])]
    wanted = " OR ".join(" ".join([*common, other]) for other in others) or " ".join(common)
    unwanted = [f'-"{text}"' for text in _listed(fields["none"])]
    if not wanted:
        raise SearchProblem("only_unwanted" if unwanted else "query_empty")
    return " ".join([wanted, *unwanted])


def _near(fields: Mapping[str, str]) -> list[str]:
    pair = [fields["near"], fields["near_other"]]
    given = [text for text in pair if syllables(text)]
    if len(given) == 1:
        raise SearchProblem("near_alone")
    if not given:
        return []
    distance = fields["distance"] or str(DISTANCE)
    if not (distance.isascii() and distance.isdecimal() and 0 < int(distance[:9]) <= MAX_DISTANCE):
        raise SearchProblem("near_distance", value=distance[:100], limit=MAX_DISTANCE)
    left, right = given
    return [f'NEAR("{left}" "{right}", {int(distance)})']


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if syllables(part)]


def _plain(text: str) -> str:
    """A field's words; what has a meaning of its own in a query is left to the other fields."""
    words = text.translate(_MEANING).split()
    return " ".join(word.lower() if word in {"OR", "AND", "NOT"} else word for word in words)


_MEANING: Final = {ord(char): " " for char in '"“”„‟«»＂″()*:'}
