"""What a replay did, or would do: the values it reports."""

from __future__ import annotations

import attrs


@attrs.frozen(kw_only=True)
class Move:
    """One article or page that is judged otherwise now."""

    site: str
    #: Id of the article, address of a rejected page.
    what: str
    title: str | None
    #: ``level 2``, or the reason of the rejection.
    before: str
    after: str
    #: Relevance now; None when the page could not be judged.
    score: float | None


@attrs.frozen(kw_only=True)
class ReplayReport:
    """What a replay did, or would do."""

    run_id: str | None
    dry_run: bool
    #: Articles and rejected addresses looked at.
    looked_at: int
    #: Pages read back from WARC files.
    pages: int
    #: Accepted before, rejected now: reason -> count.
    now_rejected: dict[str, int]
    now_accepted: int
    #: ``1 to 2`` -> count, of articles that stay.
    level_changes: dict[str, int]
    #: Rejected before and now, for another reason: ``old to new`` -> count.
    reason_changes: dict[str, int]
    #: Texts read better than before; no version was added.
    corrected: int
    #: Newer pages of an article whose text now differs from its version.
    new_versions: int
    #: Accepted or rejected as before, with the same level or reason and the same text.
    unchanged: int
    #: A crawl stored something newer in the meantime.
    overtaken: int
    #: Papers in the archive that no site file knows: id -> articles and addresses left as they are.
    unknown_sites: dict[str, int]
    #: One line for each record that could not be read; what it belongs to stays as it was.
    unreadable: tuple[str, ...]
    #: One line for each page that killed each process that read it; what it belongs to stays as it was.
    given_up: tuple[str, ...]
    moves: tuple[Move, ...]
