"""What the first record of a WARC file of ours says: which paper, which run, what robots.txt was asked."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final

import attrs

from archive.errors import ArchiveError
from archive.instants import read_instant
from archive.records import MAX_RECORD_BYTES, parse_record

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

#: Robots policy of imported files; in files of before ``command`` was written, it alone tells them apart.
IMPORT_POLICY: Final = "not consulted (import)"
#: Packed bytes in which the first record ends: it is some hundred bytes long.
_FIRST_BYTES: Final = 1 << 16


@attrs.frozen(kw_only=True)
class Origin:
    """Where a file comes from."""

    site: str
    run_id: str
    opened_at: datetime
    #: ``crawl`` or ``import``.
    command: str

    @property
    def robots(self) -> str:
        """What the captures in it say about robots.txt."""
        return "not_consulted" if self.command == "import" else "allowed"


def read_origin(path: Path, warc_folder: Path) -> Origin:
    """Read the first record of the file *path* in *warc_folder*.

    Raises ArchiveError when it is no warcinfo record of this program, OSError when it cannot be read.
    """
    try:
        with path.open("rb") as file:
            decoder = zlib.decompressobj(zlib.MAX_WBITS | 16)
            content = decoder.decompress(file.read(_FIRST_BYTES), MAX_RECORD_BYTES)
        fields, block = parse_record(content)
        info = dict(line.split(": ", 1) for line in block.decode().splitlines())
        folder = path.relative_to(warc_folder).parts[0]
        is_import = info.get("robots") == IMPORT_POLICY
        return Origin(
            site=info.get("site", folder),
            run_id=info["isPartOf"],
            opened_at=read_instant(fields["warc-date"]),
            command=info.get("command", "import" if is_import else "crawl"),
        )
    except (KeyError, ValueError, zlib.error) as error:
        raise ArchiveError(
            f"{path} does not begin with a warcinfo record of this program; move it out of the"
            " archive and take it in again with `dqtv import`"
        ) from error
