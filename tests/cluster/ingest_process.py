"""The archive's writer in a process of its own; makes the bucket of a hub in S3, appends what it refused to a file.

Arguments: DSN, URL of the hub, folder of the archive, file.
"""

import signal
import sys
import threading
from pathlib import Path

import s3fs

from archive.cluster.hub import Hub
from archive.cluster.ingest import Ingest
from archive.cluster.leases import Leases
from archive.errors import ArchiveError
from archive.store import Store

dsn, hub, root, log = sys.argv[1:5]
ended = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: ended.set())
s3fs.S3FileSystem().mkdir(hub.removeprefix("s3://").partition("/")[0])
with Store.open(Path(root)) as store, Leases(dsn) as leases, Path(log).open("a", buffering=1, encoding="utf-8") as file:  # fmt: skip
    ingest = Ingest(store, Hub(hub), leases)
    while not ended.wait(0.1):
        try:
            report = ingest.step()
        except ArchiveError as error:
            sys.stderr.write(f"{error}\n")
            continue
        for note in report.notes:
            if "was refused" in note:
                file.write(f"{note}\n")
