"""A stand-in for ``dqtv cluster crawl``: writes when it begins and ends, obeys SIGTERM after finishing its page.

``--beside SITE`` lets it end only when the crawl of SITE has begun as well, or after a minute.
"""

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
beside = None
if sys.argv[1] == "--beside":
    beside = sys.argv[2]
    del sys.argv[1:3]
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


def is_over():
    lasted = time.monotonic() - begun
    is_alone = beside is not None and f'"site": "{beside}"' not in Path(log).read_text("utf-8")
    return lasted >= float(seconds) and not (is_alone and lasted < 60)


write("begin")
begun = time.monotonic()
while not told and not is_over():
    time.sleep(0.02)
if told:
    time.sleep(float(page))  # the page under way
    reason = "interrupted"
write(reason)
sys.stdout.write(json.dumps({"site": site, "reason": reason, "waiting": int(waiting)}) + "\n")
