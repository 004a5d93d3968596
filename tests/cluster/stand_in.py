"""A stand-in for ``dqtv cluster crawl``: writes when it begins and ends, obeys SIGTERM after finishing its page."""

import json
import os
import signal
import sys
import time
from pathlib import Path

told = []
signal.signal(signal.SIGTERM, lambda *_: told.append(1))

if sys.argv[1] == "--parent":
    from scraper.cluster.child import end_with_parent

    end_with_parent(os.getppid())
    del sys.argv[1]
log, seconds, page, reason, waiting, site = sys.argv[1:7]


def write(what):
    line = json.dumps(
        {
            "what": what,
            "site": site,
            "pid": os.getpid(),
            "at": time.monotonic(),
            "arguments": sys.argv[7:],
        }
    )
    with Path(log).open("a", encoding="utf-8") as file:
        file.write(line + "\n")


write("begin")
end = time.monotonic() + float(seconds)
while time.monotonic() < end and not told:
    time.sleep(0.02)
if told:
    time.sleep(float(page))  # the page under way
    reason = "interrupted"
write(reason)
sys.stdout.write(json.dumps({"site": site, "reason": reason, "waiting": int(waiting)}) + "\n")
