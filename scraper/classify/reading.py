"""What stands where in one article, before any points are given."""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import attrs

from archive.vietnamese import exact_key, syllables
from scraper.classify.lexicon import CORE, Group, Lexicon
from scraper.classify.terms import Hit, find_terms, holds_any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from archive.model import Article

_SENTENCE_END: Final = re.compile(r"[.!?…][”\")]*\s+|\n+")


@attrs.frozen(kw_only=True, slots=False)
class Reading:
    """Terms of one article; hits are offsets into ``key``, which is title, newline, text."""

    lexicon: Lexicon
    #: Title and text as published.
    published: str
    #: Their exact key.
    key: str
    #: Exact key of the section's name.
    section: str
    #: Militia terms that count, in order.
    core: tuple[Hit, ...]
    #: Militia terms of other countries, in order.
    foreign_core: tuple[Hit, ...]
    #: Every term that no guard hides, by group.
    hits: dict[Group, list[Hit]]

    @cached_property
    def text_start(self) -> int:
        """Where the title ends and the text begins."""
        return self.key.index("\n") + 1

    @cached_property
    def lead_end(self) -> int:
        """Where the lead ends."""
        return self.text_start + self.lexicon.score.lead_characters

    @cached_property
    def syllables(self) -> int:
        """Number of syllables of the text, at least 1."""
        return max(1, len(self.key[self.text_start :].split()))

    @cached_property
    def is_more_than_one_remark(self) -> bool:
        """The guard on density and level 2 against one mention in a short report.

        A lone remark in the lead is none the more: a short report is all lead.
        """
        least = self.lexicon.score.density_sentences
        return bool(self.in_title(self.core)) or self._sentences_with_core >= least

    @cached_property
    def _sentences_with_core(self) -> int:
        ends = [match.end() for match in _SENTENCE_END.finditer(self.key)]
        return len({bisect_right(ends, hit.start) for hit in self.in_text(self.core)})

    @property
    def shown(self) -> str:
        """What is shown to a reader, with the same offsets as ``key``."""
        # Letters whose lower case is longer (İ) shift the key; no Vietnamese text has them.
        return self.published if len(self.published) == len(self.key) else self.key

    def in_title(self, hits: Iterable[Hit]) -> list[Hit]:
        """Those of *hits* that stand in the title."""
        return [hit for hit in hits if hit.start < self.text_start]

    def in_lead(self, hits: Iterable[Hit]) -> list[Hit]:
        """Those of *hits* that stand in the first lines of the text."""
        return [hit for hit in hits if self.text_start <= hit.start < self.lead_end]

    def in_text(self, hits: Iterable[Hit]) -> list[Hit]:
        """Those of *hits* that stand in the text, lead included."""
        return [hit for hit in hits if hit.start >= self.text_start]

    def up_front(self, hits: Iterable[Hit]) -> bool:
        """True when one of *hits* stands in title or lead."""
        return any(hit.start < self.lead_end for hit in hits)

    def written(self, hit: Hit) -> str:
        """The term of *hit* as the paper wrote it."""
        return _written(self.published, self.key, hit)


def read(article: Article, lexicon: Lexicon) -> Reading | None:
    """What stands where in *article*; None when no militia term is in it at all (the quick way).

    Reads title, lead, paragraphs and captions.
    """
    published = f"{article.title}\n{_text_of(article)}"
    key = exact_key(published)
    if not holds_any(lexicon.core, key):
        return None
    found = [
        hit for hit in find_terms(lexicon.every, key) if not _is_place(lexicon, published, key, hit)
    ]
    foreign = _foreign_core(lexicon, key, found)
    named = [hit for hit in found if hit.term.groups & CORE]
    return Reading(
        lexicon=lexicon,
        published=published,
        key=key,
        section=exact_key(article.section or ""),
        core=tuple(hit for hit in named if hit not in foreign),
        foreign_core=tuple(hit for hit in named if hit in foreign),
        hits=_by_group(found),
    )


def _text_of(article: Article) -> str:
    captions = (figure.caption for figure in article.figures)
    return "\n".join(part for part in (article.sapo, *article.body, *captions) if part)


def _by_group(hits: Iterable[Hit]) -> dict[Group, list[Hit]]:
    grouped: dict[Group, list[Hit]] = {group: [] for group in Group}
    for hit in hits:
        for group in hit.term.groups:
            grouped[group].append(hit)
    return grouped


def _of(group: Group, hits: Iterable[Hit]) -> list[Hit]:
    return [hit for hit in hits if group in hit.term.groups]


def _written(published: str, key: str, hit: Hit) -> str:
    # Letters whose lower case is longer (İ) shift the key; no Vietnamese text has them.
    text = published if len(published) == len(key) else key
    return text[hit.start : hit.end]


def _is_place(lexicon: Lexicon, published: str, key: str, hit: Hit) -> bool:
    """True for "cầu Dân Quân"; the militia itself is written "dân quân" or "Dân quân"."""
    if hit.term.key != "dân quân" or _written(published, key, hit) != "Dân Quân":
        return False
    before = syllables(key[: hit.start].rpartition("\n")[2])
    return bool(before) and before[-1] in lexicon.places


def _foreign_core(lexicon: Lexicon, key: str, found: Sequence[Hit]) -> set[Hit]:
    """Militia terms that belong to a foreign cue, and contested ones in foreign surroundings."""
    foreign = {
        hit
        for hit, following in pairwise(found)
        if hit.term.groups & CORE
        and Group.FOREIGN in following.term.groups
        and _belongs(lexicon, key[hit.end : following.start])
    }
    cues_abroad = len(_of(Group.FOREIGN, found)) + len(foreign)
    # where nothing points anywhere, there is no reason to look abroad
    if 0 < cues_abroad >= len(_of(Group.VIETNAMESE, found)):
        foreign.update(_of(Group.CONTESTED, found))
    return foreign


def _belongs(lexicon: Lexicon, between: str) -> bool:
    return between == " " or between.strip(" ") in lexicon.belonging
