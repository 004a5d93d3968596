"""``ro-crate-metadata.json``: the release as a research object (RO-Crate 1.1).

https://www.researchobject.org/ro-crate/specification/1.1/
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from archive.release.facts import KEYWORDS, MAKER, MEDIA_TYPES, TITLE
from archive.release.rights import SHORT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from archive.release.facts import Facts

NAME: Final = "ro-crate-metadata.json"


def ro_crate(facts: Facts, documents: Iterable[str]) -> dict[str, object]:
    """The crate; *documents* are the names of the files that are no data."""
    data: dict[str, dict[str, object]] = {
        file.path: {
            "contentSize": str(file.bytes),
            "sha256": file.sha256,
            "encodingFormat": MEDIA_TYPES[file.format],
        }
        for file in facts.files
    }
    # documents carry the date of the release: their checksums stand in SHA256SUMS only
    for name in documents:
        ending = name.rpartition(".")[2]
        data[name] = {"encodingFormat": MEDIA_TYPES.get(ending, "text/plain")}
    data["RIGHTS.md"]["description"] = SHORT
    return {
        "@context": "https://w3id.org/ro/crate/1.1/context",
        "@graph": [
            {
                "@id": NAME,
                "@type": "CreativeWork",
                "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
                "about": {"@id": "./"},
            },
            {
                "@id": "./",
                "@type": "Dataset",
                "name": f"{TITLE} ({facts.version})",
                "identifier": facts.name,
                "version": facts.version,
                "description": facts.described,
                "datePublished": facts.day,
                "inLanguage": "vi",
                "keywords": ", ".join(KEYWORDS),
                "license": {"@id": "RIGHTS.md"},
                "usageInfo": SHORT,
                "author": {"@id": "#maker"},
                "isBasedOn": {"@id": "#snapshot"},
                "hasPart": [{"@id": name} for name in data],
            },
            {"@id": "#maker", "@type": "Organization", "name": MAKER},
            {
                "@id": "#snapshot",
                "@type": "CreativeWork",
                "name": f"Snapshot {facts.snapshot.id}",
                "identifier": facts.snapshot.id,
                "sha256": facts.snapshot.sha256,
                "dateCreated": facts.snapshot.built_at,
            },
            *({"@id": name, "@type": "File", "name": name, **more} for name, more in data.items()),
        ],
    }
