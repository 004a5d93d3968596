"""A worker in a process of its own, with the settings in its argument as JSON."""

import json
import sys

from scraper.cluster.engine import EngineSettings
from scraper.cluster.worker import work

values = json.loads(sys.argv[1])
if values.get("command") is not None:
    values["command"] = tuple(values["command"])
work(EngineSettings(**values), say=lambda text: sys.stderr.write(f"{text}\n"))
