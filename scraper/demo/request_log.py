"""Who asked the demo press for what and when: the proof of politeness in tests."""

from __future__ import annotations

import json
import threading
from typing import IO, TYPE_CHECKING

import attrs

from archive.errors import UsageError

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path


@attrs.frozen(kw_only=True)
class RequestLine:
    """One request and the status it was answered with."""

    #: ``time.monotonic()`` of this machine when the request was complete.
    monotonic: float
    #: Aware UTC.
    at: datetime
    #: Site id of the paper.
    paper: str
    method: str
    #: Path and query.
    path: str
    status: int
    user_agent: str | None = None


class RequestLog:
    """A list of request lines that any thread may read, optionally written to a JSONL file as well."""

    def __init__(self, file: Path | None = None) -> None:
        self._lock = threading.Lock()
        self._lines: list[RequestLine] = []
        self._path = file
        self._file: IO[str] | None = None
        if file is not None:
            _check_writable(file)

    def open(self) -> None:
        """Open the file, if one was named, for appending."""
        if self._path is not None:
            self._file = self._path.open("a", encoding="utf-8", buffering=1)

    def close(self) -> None:
        """Close the file; the lines stay readable."""
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None

    def add(self, line: RequestLine) -> None:
        """Keep *line*."""
        with self._lock:
            self._lines.append(line)
            if self._file is not None:
                record = attrs.asdict(line) | {"at": line.at.isoformat()}
                self._file.write(json.dumps(record, ensure_ascii=False) + "\n")

    def lines(self) -> tuple[RequestLine, ...]:
        """Everything so far, oldest first."""
        with self._lock:
            return tuple(self._lines)

    def clear(self) -> None:
        """Forget what was kept; the file stays."""
        with self._lock:
            self._lines.clear()


def _check_writable(file: Path) -> None:
    """Say at once, not at the first request, that the file cannot be written."""
    try:
        file.open("a", encoding="utf-8").close()
    except OSError as error:
        raise UsageError(f"{file}: the request log cannot be written ({error.strerror})") from error
