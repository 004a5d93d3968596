"""Append a notice as one line of JSON to a file; on disk before it counts as told."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from archive.errors import NotSent
from archive.notices.message import Taken
from archive.notices.webhook import as_json

if TYPE_CHECKING:
    from archive.notices.message import Letter
    from archive.notices.settings import FileSettings


def append(settings: FileSettings, letter: Letter) -> Taken:
    """Append *letter*. A line torn by a kill is ended first. Raises NotSent."""
    line = as_json(letter) + b"\n"
    try:
        settings.path.parent.mkdir(parents=True, exist_ok=True)
        with settings.path.open("a+b", buffering=0) as file:
            if file.seek(0, os.SEEK_END):
                file.seek(-1, os.SEEK_END)
                line = line if file.read(1) == b"\n" else b"\n" + line
            if file.write(line) != len(line):
                raise NotSent(f"{settings.path}: only a part of the line could be written")
            os.fsync(file.fileno())
    except OSError as error:
        raise NotSent(f"cannot write {settings.path}: {error.strerror}") from error
    return Taken(said=f"appended to {settings.path}")
