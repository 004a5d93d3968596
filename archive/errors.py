"""Every error a user can meet, each with the sentence that says what to do next.

::

    DqtvError                     anything the command line reports in one line (exit code 1)
    ├── UsageError                the request itself is wrong (exit code 2)
    │   ├── UnknownSite           no site file has this id
    │   ├── BadDateRange          a date or range that cannot be read
    │   ├── BadQuery              a search query that cannot be read
    │   ├── BadAddress            an address that is none, may not be visited, or is another paper's
    │   └── PortInUse             another program listens at the address asked for
    ├── NotExplored               a paper that could not be looked at: no answer, robots.txt, no newspaper
    ├── SiteSpecError             one or more mistakes in site or family files, all of them listed
    ├── ArchiveError              the archive folder or its database
    │   ├── SchemaMismatch        written by another version of this program
    │   ├── ArchiveUnwritable     full disk, read-only folder, no permission
    │   │   └── OutOfHandles      too many open files
    │   ├── SiteLocked            another process is crawling this site
    │   ├── SchedulerBusy         another process is doing what is due
    │   ├── IngestBusy            another process is taking in what workers left
    │   ├── HubUnreachable        where workers and the archive hand things over is not reached, or takes nothing
    │   ├── ClusterUnreachable    the database between several machines does not answer
    │   │   └── ClusterNotPrepared    it has no tables of a cluster yet
    │   ├── NothingPublished      no public snapshot yet
    │   └── NothingCaptured       no capture of a paper in a period
    ├── NotSent                   a notice that a mail server, a web address or a file did not take
    ├── ReaderDied                a process that reads pages was killed or ran out of memory
    └── CaptureError              stored pages
        ├── NotAWarc              the file is no WARC file
        └── RecordUnreadable      a record could not be read back at its offset
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class DqtvError(Exception):
    """A problem the user can do something about. ``str(error)`` is the whole message."""

    exit_code: ClassVar[int] = 1


class UsageError(DqtvError):
    """The command or its arguments are wrong."""

    exit_code: ClassVar[int] = 2


class UnknownSite(UsageError):
    """No site file has this id."""

    def __init__(self, site: str, known: Sequence[str]) -> None:
        self.site = site
        self.known = tuple(known)
        super().__init__(
            f"unknown site {site!r}; known sites: {', '.join(self.known)} (see `dqtv sites list`)"
        )


class BadDateRange(UsageError):
    """A date or a range of dates that cannot be read."""


class BadQuery(UsageError):
    """A search query that cannot be read."""


class BadAddress(UsageError):
    """An address that is no web address, leads to a private network, or belongs to another paper."""


class PortInUse(UsageError):
    """Another program listens at the address asked for."""

    def __init__(self, host: str, port: int, way_out: str) -> None:
        self.host = host
        self.port = port
        super().__init__(f"{host}:{port} is already in use by another program; {way_out}")


class NotExplored(DqtvError):
    """A paper that could not be looked at: nothing answers, robots.txt forbids it, it is no newspaper."""


class SiteSpecError(DqtvError):
    """Mistakes in site or family files; ``problems`` holds one line for each."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        heading = f"{count} mistake{'s' if count != 1 else ''} in the site files:"
        super().__init__("\n".join([heading, *(f"  {problem}" for problem in self.problems)]))


class ArchiveError(DqtvError):
    """Something is wrong with the archive folder or its database."""


class SchemaMismatch(ArchiveError):
    """The database was written by another version of this program."""


class ArchiveUnwritable(ArchiveError):
    """Full disk, read-only folder or missing permission."""


class OutOfHandles(ArchiveUnwritable):
    """The system gives this process no more open files or connections."""

    def __init__(self, detail: str | None = None) -> None:
        said = f" ({detail})" if detail else ""
        super().__init__(
            f"too many open files and connections{said}; raise the limit with `ulimit -n 1024`, or"
            " crawl fewer papers at a time, and run the same command again"
        )


def is_out_of_handles(error: BaseException | None) -> bool:
    """True when *error*, or what it came from, is the system's refusal to open one more file or connection."""
    while error is not None:
        # Twisted's errors carry the number under a name of their own
        number = getattr(error, "errno", None) or getattr(error, "osError", None)
        if number in {errno.EMFILE, errno.ENFILE}:
            return True
        error = error.__cause__
    return False


def unwritable(path: Path, error: OSError) -> ArchiveUnwritable:
    """The error to raise when the operating system refuses to write *path*."""
    if is_out_of_handles(error):
        return OutOfHandles(f"at {path}")
    return ArchiveUnwritable(
        f"cannot write {path}: {error.strerror}; check free space, permissions and the mount"
    )


class SiteLocked(ArchiveError):
    """Another process is crawling this site."""


class SchedulerBusy(ArchiveError):
    """Another process is doing what is due in this archive."""


class IngestBusy(ArchiveError):
    """Another process is taking in what workers on other machines left for this archive."""


class ReplayBusy(ArchiveError):
    """Another process is replaying this archive with the workers of a cluster."""


class HubUnreachable(ArchiveError):
    """The place where workers and the archive hand things over cannot be reached, or takes nothing."""


class ClusterUnreachable(ArchiveError):
    """The database that several machines share cannot be reached, or does not answer as it should."""


class ClusterNotPrepared(ClusterUnreachable):
    """The database that several machines are to share has no tables of a cluster yet."""


class NothingPublished(ArchiveError):
    """The archive has no public snapshot yet."""


class NothingCaptured(ArchiveError):
    """The archive has no capture of a paper in the period asked for."""


class NotSent(DqtvError):
    """A mail server, a web address or a file did not take a notice."""


class ReaderDied(DqtvError):
    """A process that reads pages was killed or ran out of memory."""


class CaptureError(DqtvError):
    """Something is wrong with stored pages."""


class NotAWarc(CaptureError):
    """The file is no WARC file."""


class RecordUnreadable(CaptureError):
    """A WARC record could not be read back at the place the database names."""
