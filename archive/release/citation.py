"""How a release is cited: a line of text, ``CITATION.cff`` (1.2.0) and ``.zenodo.json``.

https://github.com/citation-file-format/citation-file-format - https://developers.zenodo.org/#representation
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from archive.release.facts import KEYWORDS, MAKER, TITLE

if TYPE_CHECKING:
    from archive.release.facts import Facts


def citation_line(facts: Facts) -> str:
    """Maker, year, title, version and snapshot."""
    return (
        f"{MAKER} ({facts.date.year}): {TITLE}. Version {facts.version}, snapshot"
        f" {facts.snapshot.id}. [Data set]"
    )


def citation_cff(facts: Facts) -> str:
    """``CITATION.cff``; its strings are written as JSON strings, which YAML reads as they are."""
    lines = [
        "cff-version: 1.2.0",
        "type: dataset",
        f"message: {_text('Please cite the release you used, with its version.')}",
        f"title: {_text(TITLE)}",
        f"abstract: {_text(facts.described)}",
        f"version: {_text(facts.version)}",
        f"date-released: {facts.day}",
        "authors:",
        f"  - name: {_text(MAKER)}",
        "identifiers:",
        "  - type: other",
        f"    value: {_text(facts.snapshot.id)}",
        f"    description: {_text('Snapshot of the archive the release is made from')}",
        "keywords:",
        *(f"  - {_text(word)}" for word in KEYWORDS),
    ]
    return "\n".join([*lines, ""])


def zenodo(facts: Facts, *, rights: str) -> dict[str, object]:
    """``.zenodo.json``: what Zenodo fills its deposit form with."""
    return {
        "upload_type": "dataset",
        "title": f"{TITLE} ({facts.version})",
        "description": facts.described,
        "creators": [{"name": MAKER}],
        "version": facts.version,
        "publication_date": facts.day,
        "language": "vie",
        "keywords": list(KEYWORDS),
        # the texts are others': a deposit is open to everyone only without them, and even then with titles
        "access_right": "restricted" if facts.with_text else "open",
        **({"access_conditions": rights} if facts.with_text else {"license": "other-at"}),
        "notes": (
            f"Snapshot {facts.snapshot.id}, built {facts.snapshot.built_at} with {facts.snapshot.software}."
            f" {rights}"
        ),
    }


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
