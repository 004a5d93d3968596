"""What the pages of a replay teach about their papers, kept until all of them are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from archive.template_counts import WINDOW

if TYPE_CHECKING:
    from datetime import datetime

    from archive.model import Capture
    from archive.store import Store
    from archive.template import Lesson


@attrs.define
class Lessons:
    """Lessons by site and layout; of each at most twice as many as a template counts, the newest."""

    _kept: dict[tuple[str, str], dict[str, tuple[Capture, Lesson]]] = attrs.field(factory=dict)

    def add(self, capture: Capture, lesson: Lesson) -> None:
        """Keep the lesson; of one article that of its newest page."""
        known = self._kept.setdefault((capture.site, lesson.layout), {})
        before = known.get(lesson.article_id)
        if before is not None and before[0].fetched_at > capture.fetched_at:
            return
        known[lesson.article_id] = (capture, lesson)
        if len(known) > 2 * WINDOW:
            for article_id in sorted(known, key=lambda x: _age(known[x]))[:-WINDOW]:
                del known[article_id]

    def learn(self, store: Store) -> None:
        """Count them in the archive, oldest first, inside a transaction."""
        for _, known in sorted(self._kept.items()):
            for capture, lesson in sorted(known.values(), key=_age)[-WINDOW:]:
                store.learn(capture, lesson)


def _age(kept: tuple[Capture, Lesson]) -> tuple[datetime, str]:
    return kept[0].fetched_at, kept[1].article_id
