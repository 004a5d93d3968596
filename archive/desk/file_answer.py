"""A file as an answer, whole or a part of it (RFC 9110, 13 and 14), read piece by piece."""

from __future__ import annotations

import asyncio
import re
from email.utils import formatdate
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from datasette.utils.asgi import Response

if TYPE_CHECKING:
    from pathlib import Path

    from datasette.utils.asgi import Request

    from archive.desk.security import Send

_PIECE: Final = 1 << 18
_RANGE: Final = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")
#: A release never changes under its name.
_CACHE: Final = "public, max-age=31536000, immutable"
_TYPES: Final = {
    "csv": "text/csv; charset=utf-8",
    "jsonl": "application/x-ndjson",
    "parquet": "application/vnd.apache.parquet",
    "db": "application/vnd.sqlite3",
    "wacz": "application/wacz",
    "json": "application/json",
    "md": "text/markdown; charset=utf-8",
    "cff": "application/yaml",
}
_POLICY: Final = "default-src 'none'; sandbox"


class FileAnswer(Response):  # type: ignore[misc]  # Datasette has no types
    """Sends the bytes *start* to *end* (not included) of a file without holding them in memory."""

    def __init__(
        self, path: Path, *, start: int, end: int, status: int, headers: dict[str, str], kind: str
    ) -> None:
        super().__init__(b"", status=status, headers=headers, content_type=kind)
        self._path = path
        self._start = start
        self._end = end

    async def asgi_send(self, send: Send) -> None:
        """Send head and body; the file is read in a thread."""
        headers = {**self.headers, "content-type": self.content_type}
        raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": self.status, "headers": raw})
        left = self._end - self._start
        if left > 0:
            with await asyncio.to_thread(self._path.open, "rb") as file:
                await asyncio.to_thread(file.seek, self._start)
                while left and (piece := await asyncio.to_thread(file.read, min(_PIECE, left))):
                    left -= len(piece)
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


def answer_file(request: Request, path: Path, *, sha256: str, snapshot: str) -> Response:
    """The answer to a GET or HEAD for *path*, of a release of *snapshot*, with the digest *sha256*.

    206 for one range, 416 for one outside the file, 304 when the reader has it already. Several
    ranges, and what is no range, are answered with the whole file, as the standard allows.
    """
    info = path.stat()
    size = info.st_size
    etag = f'"{sha256}"'
    name = path.name
    headers = {
        "ETag": etag,
        "Last-Modified": formatdate(int(info.st_mtime), usegmt=True),
        "Accept-Ranges": "bytes",
        "Cache-Control": _CACHE,
        "Content-Disposition": f"attachment; filename=\"{name}\"; filename*=UTF-8''{quote(name)}",
        "Content-Security-Policy": _POLICY,
        "DQTV-Snapshot": snapshot,
    }
    kind = _TYPES.get(name.rpartition(".")[2], "text/plain; charset=utf-8")
    if _has_it(request, etag, headers["Last-Modified"]):
        return FileAnswer(path, start=0, end=0, status=304, headers=headers, kind=kind)
    start, end, status = 0, size, 200
    asked = _asked_range(request, etag, size)
    if asked is not None:
        start, end = asked
        if start >= end:
            headers["Content-Range"] = f"bytes */{size}"
            return FileAnswer(path, start=0, end=0, status=416, headers=headers, kind=kind)
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
        status = 206
    headers["Content-Length"] = str(end - start)
    if request.method == "HEAD":
        end = start
    return FileAnswer(path, start=start, end=end, status=status, headers=headers, kind=kind)


def _has_it(request: Request, etag: str, modified: str) -> bool:
    known = request.headers.get("if-none-match")
    if known is not None:
        return known.strip() == "*" or etag in (x.strip() for x in known.split(","))
    return bool(request.headers.get("if-modified-since") == modified)


def _asked_range(request: Request, etag: str, size: int) -> tuple[int, int] | None:
    """First byte and the one after the last; an empty one is outside the file; None asks for all."""
    if request.headers.get("if-range", etag) != etag:
        return None
    match = _RANGE.fullmatch(request.headers.get("range", "").strip())
    if match is None or not any(match.groups()):
        return None
    first, last = match.groups()
    if not first:
        return max(0, size - int(last)), size
    if last and int(last) < int(first):
        return None
    return int(first), min(size, int(last) + 1 if last else size)
