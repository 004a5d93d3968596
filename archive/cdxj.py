"""CDXJ indexes of closed WARC files, which pywb, wacz and other players of web archives read.

``index/<site>/<year>/<file>.cdxj`` has one sorted line for each response and revisit of a file;
``index/dqtv.cdxj`` has the lines of all files in one, and ``index/config.yaml`` tells pywb where both
it and the WARC files are. All of it is derived and can be deleted: the truth stays in the WARC files.
"""

from __future__ import annotations

import os
from collections import deque
from contextlib import ExitStack, contextmanager
from heapq import merge
from typing import TYPE_CHECKING, Final

import attrs

from archive.errors import RecordUnreadable, unwritable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path
    from typing import BinaryIO

    from archive.store import Store

#: Name of the collection in pywb: stored pages are at ``/dqtv/<14 digits>mp_/<url>``.
COLLECTION: Final = "dqtv"
_CONFIG: Final = f"""\
# Written by `dqtv index`. Paths are relative to this folder: wayback -d <this folder>
collections:
  {COLLECTION}:
    index: ./{COLLECTION}.cdxj
    archive_paths: ../warc/
"""
#: Files merged at once; more would need more file handles than a process may have.
_AT_ONCE: Final = 200
#: A 304 has no payload; players take the capture before it, which is the page it speaks of.
NOT_MODIFIED: Final = "304"
#: How cdxj-indexer writes it; quotes in other values are escaped.
_NOT_MODIFIED_FIELD: Final = f'"status": "{NOT_MODIFIED}"'.encode()


@attrs.frozen(kw_only=True)
class Indexed:
    """What was written."""

    #: Names of the WARC files that have an index now and had none.
    files: tuple[str, ...]
    #: One sentence for each closed WARC file that could not be read.
    problems: tuple[str, ...]


def index_folder(root: Path) -> Path:
    """Where the indexes of the archive *root* lie."""
    return root / "index"


def index_path(root: Path, name: str) -> Path:
    """The index of the WARC file *name* (relative to the ``warc`` folder)."""
    return index_folder(root) / f"{name.removesuffix('.warc.gz')}.cdxj"


def closed_files(store: Store, sites: Iterable[str] | None = None) -> tuple[str, ...]:
    """Names of the closed WARC files of *sites* (of all when None), sorted."""
    rows = store.connection.execute(
        "SELECT name, site FROM warc_files WHERE closed_at IS NOT NULL ORDER BY name"
    ).fetchall()
    wanted = None if sites is None else set(sites)
    return tuple(name for name, site in rows if wanted is None or site in wanted)


def index_closed_files(
    store: Store,
    *,
    sites: Iterable[str] | None = None,
    rewrite: bool = False,
    on_file: Callable[[int, int], None] | None = None,
) -> Indexed:
    """Index the closed files that have no index yet, or with *rewrite* all of them.

    A file's index appears whole or not at all, so what a kill left out is made good by the next call.
    *on_file* hears done and total. Raises ArchiveUnwritable.
    """
    names = [
        name
        for name in closed_files(store, sites)
        if rewrite or not index_path(store.root, name).exists()
    ]
    done, problems = [], []
    for at, name in enumerate(names, start=1):
        try:
            write_index(store.root, name)
        except RecordUnreadable as error:
            problems.append(str(error))
        else:
            done.append(name)
        if on_file is not None:
            on_file(at, len(names))
    return Indexed(files=tuple(done), problems=tuple(problems))


def write_index(root: Path, name: str) -> None:
    """Write the index of one closed file. Raises RecordUnreadable, ArchiveUnwritable."""
    from archive.cdxj_lines import index_lines  # noqa: PLC0415  a sixth of a second to import

    lines = index_lines(root / "warc" / name, root / "warc")
    with replaced(index_path(root, name)) as file:
        file.writelines(lines)


def merge_indexes(store: Store) -> Path:
    """Write ``index/dqtv.cdxj`` anew from the files' indexes, and pywb's configuration beside it.

    A 304 is left out. Raises ArchiveUnwritable.
    """
    paths = deque(
        path for name in closed_files(store) if (path := index_path(store.root, name)).exists()
    )
    folder = index_folder(store.root)
    target = folder / f"{COLLECTION}.cdxj"
    parts: list[Path] = []
    try:
        while len(paths) > _AT_ONCE:
            part = folder / f"part-{os.getpid()}-{len(parts)}.tmp"
            parts.append(part)
            with replaced(part) as file:
                file.writelines(merged([paths.popleft() for _ in range(_AT_ONCE)]))
            paths.append(part)
        with replaced(target) as file:
            file.writelines(line for line in merged(paths) if _NOT_MODIFIED_FIELD not in line)
    finally:
        for part in parts:
            part.unlink(missing_ok=True)
    with replaced(folder / "config.yaml") as file:
        file.write(_CONFIG.encode())
    return target


def merged(paths: Iterable[Path]) -> Iterator[bytes]:
    """The lines of sorted files, in order; all files are open at once."""
    with ExitStack() as opened:
        yield from merge(*[opened.enter_context(path.open("rb")) for path in paths])


@contextmanager
def replaced(path: Path) -> Iterator[BinaryIO]:
    """A file to write that takes the place of *path* when the block ends well, and is dropped otherwise.

    Raises ArchiveUnwritable for what the operating system refuses.
    """
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise unwritable(path, error) from error
    finally:
        _drop(part)


def _drop(part: Path) -> None:
    try:
        part.unlink(missing_ok=True)
    except OSError:
        # the folder itself could not be made; the error that says so is on its way
        return
